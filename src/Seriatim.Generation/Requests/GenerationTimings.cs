namespace Seriatim.Generation;

/// <summary>Times of one request.</summary>
/// <param name="Queued">From submission until it was first admitted.</param>
/// <param name="FirstToken">From submission until the first token; null if there was none.</param>
/// <param name="Total">From submission until the end.</param>
public sealed record GenerationTimings(TimeSpan Queued, TimeSpan? FirstToken, TimeSpan Total);
