namespace Seriatim.Cluster.Benchmarks;

/// <summary>What is compared.</summary>
internal sealed record ComparisonOptions
{
    /// <summary>Requests of a trace.</summary>
    public required int Requests { get; init; }

    /// <summary>Requests a second, in the mean.</summary>
    public required double Rate { get; init; }

    /// <summary>Seed of the first trace; the next have the next.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Traces whose requests are compared together.</summary>
    public required int Traces { get; init; }

    /// <summary>The only routing to compare; null: each.</summary>
    public required ClusterRouting? Routing { get; init; }

    /// <summary>What steps take; null: what they usually take.</summary>
    public required string? Cost { get; init; }

    /// <summary>How many times that.</summary>
    public required double Scale { get; init; }

    /// <summary>The model that is served; null: the stories model of the shared data.</summary>
    public required string? Model { get; init; }
}
