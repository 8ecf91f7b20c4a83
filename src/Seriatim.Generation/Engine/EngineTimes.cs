namespace Seriatim.Generation;

/// <summary>
/// Where the engine's thread has spent its time so far, by the engine's clock. Waiting for requests counts nowhere.
/// </summary>
/// <param name="Scheduling">Planning steps, drafting, giving and taking pages.</param>
/// <param name="Passes">Laying out batches and running the model.</param>
/// <param name="Sampling">Taking the logits: processors, choosing tokens, log-probabilities, text, committing memories.</param>
public readonly record struct EngineTimes(TimeSpan Scheduling, TimeSpan Passes, TimeSpan Sampling);
