namespace Seriatim.Generation;

/// <summary>What has happened in an engine since the frame before, and how it is now: taken between two steps.</summary>
internal sealed record EngineFrame
{
    /// <summary>When, after the watch began.</summary>
    public required TimeSpan At { get; init; }

    /// <summary>Steps since the frame before.</summary>
    public required IReadOnlyList<WatchedStep> Steps { get; init; }

    /// <summary>Steps that were too many to be told one by one; the counters have them.</summary>
    public required int StepsLeftOut { get; init; }

    /// <summary>Requests that run, then those that wait, each in their order.</summary>
    public required IReadOnlyList<WatchedRequest> Requests { get; init; }

    /// <summary>Requests that were too many to be told.</summary>
    public required int RequestsLeftOut { get; init; }

    /// <summary>Gauges and counters.</summary>
    public required EngineStatistics Statistics { get; init; }

    /// <summary>Each kind of memory.</summary>
    public required IReadOnlyList<MemoryMap> Memories { get; init; }

    /// <summary>The prefix cache; null: it was not asked for, or there is none.</summary>
    public required PrefixForest? Prefixes { get; init; }
}
