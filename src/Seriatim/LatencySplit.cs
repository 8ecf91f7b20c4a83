namespace Seriatim;

/// <summary>Where the time of generation went. Waiting for requests counts nowhere.</summary>
/// <param name="Prepare">Laying out the batch: positions, segments, embedding, residual sums.</param>
/// <param name="Attention">Queries, keys, values, scores and the output layer of attention.</param>
/// <param name="FeedForward">Feed-forward layers.</param>
/// <param name="Norms">Norms.</param>
/// <param name="Projection">Hidden rows to logits.</param>
/// <param name="Sampling">Logits to tokens and text: processors, choosing, log-probabilities.</param>
/// <param name="Scheduling">Planning steps, drafting, giving and taking pages.</param>
/// <param name="Steps">Forward passes.</param>
public sealed record LatencySplit(
    TimeSpan Prepare, TimeSpan Attention, TimeSpan FeedForward, TimeSpan Norms, TimeSpan Projection, TimeSpan Sampling,
    TimeSpan Scheduling, long Steps);
