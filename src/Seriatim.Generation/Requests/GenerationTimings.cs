namespace Seriatim.Generation;

/// <summary>Times of one request, by the engine's clock.</summary>
public sealed record GenerationTimings
{
    /// <summary>From submission until it was first admitted.</summary>
    public required TimeSpan Queued { get; init; }

    /// <summary>From submission until the first token; null if there was none.</summary>
    public TimeSpan? FirstToken { get; init; }

    /// <summary>From submission until the end.</summary>
    public required TimeSpan Total { get; init; }

    /// <summary>Of the total, what this request alone took: processors, choosing tokens, log-probabilities, text.</summary>
    public required TimeSpan Sampling { get; init; }
}
