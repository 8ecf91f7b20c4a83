namespace Seriatim.Generation;

/// <summary>A name of a host and what stands behind it; guarded by the host's gate.</summary>
internal sealed class HostEntry(string name, Func<CancellationToken, Task<HostedModel>> open, HostedModelOptions options)
{
    public string Name { get; } = name;

    public Func<CancellationToken, Task<HostedModel>> Open { get; } = open;

    public HostedModelOptions Options { get; } = options;

    public HostedModelState State { get; set; }

    /// <summary>Ends with the opening or closing that is under way, or was last.</summary>
    public Task Transition { get; set; } = Task.CompletedTask;

    public HostedModel? Model { get; set; }

    public GenerationEngine? Engine { get; set; }

    /// <summary>What it holds of the host's memory.</summary>
    public long Bytes { get; set; }

    public int Leases { get; set; }

    /// <summary>Those who wait for it: it is not given up under their hands.</summary>
    public int Waiting { get; set; }

    /// <summary>When it was last used, in ticks of the clock.</summary>
    public long LastUsed { get; set; }

    public Exception? OpenFault { get; set; }

    /// <summary>How long it stays after its last use, where its last user said so.</summary>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>Unloads it when it was not used for a while.</summary>
    public ITimer? Timer { get; set; }

    public bool IsIdle => State == HostedModelState.Ready && Leases == 0 && Waiting == 0;

    public HostedModelStatus Status => new()
    {
        Name = Name,
        State = State,
        Leases = Leases,
        Bytes = Bytes,
        Health = Engine?.Health,
        Load = Engine?.Load,
        OpenFault = OpenFault,
    };
}
