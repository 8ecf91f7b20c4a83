namespace Seriatim.Simulation;

/// <summary>What is simulated.</summary>
internal sealed record ClusterPlan
{
    /// <summary>Replicas.</summary>
    public int Replicas { get; init; } = 4;

    /// <summary>Replicas that a door knows, its cell: clients of a conversation come to the same cell. 0: all.</summary>
    public int Cell { get; init; }

    /// <summary>Doors of a cell; conversations are dealt out to them.</summary>
    public int Doors { get; init; } = 4;

    /// <summary>What decides where requests go.</summary>
    public ClusterRouting Routing { get; init; }

    /// <summary>How far above the mean a replica may be.</summary>
    public double LoadFactor { get; init; } = 1.5;

    /// <summary>How long a replica may say nothing.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The engine of each replica; <see cref="EngineOptions.Pages"/> must be said.</summary>
    public EngineOptions Engine { get; init; } = new() { Pages = 1024 };

    /// <summary>What steps take.</summary>
    public required StepPrice Price { get; init; }

    /// <summary>Seconds from a client to a replica, by its door.</summary>
    public double ThereSeconds { get; init; } = 0.001;

    /// <summary>Seconds from a replica to the client.</summary>
    public double BackSeconds { get; init; } = 0.001;

    /// <summary>Seconds between two replicas being killed, in the mean; 0: none is.</summary>
    public double KillSeconds { get; init; }

    /// <summary>Seconds until one that was killed is there again.</summary>
    public double RestartSeconds { get; init; } = 30;

    /// <summary>Seconds between two replicas being frozen, in the mean; 0: none is.</summary>
    public double FreezeSeconds { get; init; }

    /// <summary>For how long each is.</summary>
    public double FrozenSeconds { get; init; } = 5;

    /// <summary>Of the failures.</summary>
    public ulong Seed { get; init; } = 1;

    /// <exception cref="SimulationException">A number is not allowed.</exception>
    public void Check()
    {
        Within("replicas", Replicas, 1, 1_000_000);
        Within("cell", Cell, 0, Replicas);
        Within("doors", Doors, 1, Cell == 0 ? Replicas : Cell);
        Within("load-factor", LoadFactor, 1, 1e6);
        Within("silence", Silence.TotalSeconds, 0.1, 3600);
        Within("pages", Engine.Pages ?? 0, 1, 1 << 22);
        Within("parallel", Engine.MaxSequences, 1, Engine.TokenBudget);
        Within("max-queue", Engine.MaxQueuedRequests, 1, int.MaxValue);
        foreach ((string name, double value) in new[]
        {
            ("there", ThereSeconds), ("back", BackSeconds), ("kill-every", KillSeconds), ("restart", RestartSeconds),
            ("freeze-every", FreezeSeconds), ("freeze", FrozenSeconds),
        })
        {
            Within(name, value, 0, 1e6);
        }

        if (Engine.PageSize is not (1 or 2 or 4 or 8) && (Engine.PageSize < 16 || Engine.PageSize % 16 != 0))
            throw new SimulationException($"page-size is {Engine.PageSize}; 1, 2, 4, 8 and multiples of 16 are allowed.");
    }

    private static void Within(string name, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
            throw new SimulationException($"{name} is {value}; {low} to {high} is allowed.");
    }
}
