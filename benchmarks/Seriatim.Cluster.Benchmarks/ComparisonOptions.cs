namespace Seriatim.Cluster.Benchmarks;

/// <summary>What is compared.</summary>
internal sealed record ComparisonOptions
{
    /// <summary>Requests of the trace.</summary>
    public required int Requests { get; init; }

    /// <summary>Requests a second, in the mean.</summary>
    public required double Rate { get; init; }

    /// <summary>Seed of the trace.</summary>
    public required ulong Seed { get; init; }

    /// <summary>What steps take; null: what they usually take.</summary>
    public required string? Cost { get; init; }

    /// <summary>How many times that.</summary>
    public required double Scale { get; init; }

    /// <summary>The model that is served; null: the stories model of the shared data.</summary>
    public required string? Model { get; init; }
}
