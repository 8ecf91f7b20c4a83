namespace Seriatim;

/// <summary>Where the time of generation went. Waiting for requests counts nowhere.</summary>
public sealed record LatencySplit
{
    /// <summary>Laying out the batch: positions, segments, embedding, residual sums.</summary>
    public required TimeSpan Prepare { get; init; }

    /// <summary>Queries, keys, values, scores and the output layer of attention.</summary>
    public required TimeSpan Attention { get; init; }

    /// <summary>Feed-forward layers.</summary>
    public required TimeSpan FeedForward { get; init; }

    /// <summary>Norms.</summary>
    public required TimeSpan Norms { get; init; }

    /// <summary>Hidden rows to logits.</summary>
    public required TimeSpan Projection { get; init; }

    /// <summary>Logits to tokens and text: processors, choosing, log-probabilities.</summary>
    public required TimeSpan Sampling { get; init; }

    /// <summary>Planning steps, drafting, giving and taking pages.</summary>
    public required TimeSpan Scheduling { get; init; }

    /// <summary>Forward passes.</summary>
    public required long Steps { get; init; }
}
