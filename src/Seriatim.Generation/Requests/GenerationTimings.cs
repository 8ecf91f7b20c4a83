namespace Seriatim.Generation;

/// <summary>Times of one request, by the engine's clock.</summary>
/// <param name="Queued">From submission until it was first admitted.</param>
/// <param name="FirstToken">From submission until the first token; null if there was none.</param>
/// <param name="Total">From submission until the end.</param>
/// <param name="Sampling">
/// Of the total, what this request alone took: processors, choosing tokens, log-probabilities, text.
/// </param>
public sealed record GenerationTimings(TimeSpan Queued, TimeSpan? FirstToken, TimeSpan Total, TimeSpan Sampling);
