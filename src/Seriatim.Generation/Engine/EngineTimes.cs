namespace Seriatim.Generation;

/// <summary>
/// Where the engine's thread has spent its time so far, by the engine's clock. Waiting for requests counts nowhere.
/// </summary>
public readonly record struct EngineTimes
{
    /// <summary>Planning steps, drafting, giving and taking pages.</summary>
    public required TimeSpan Scheduling { get; init; }

    /// <summary>Laying out batches and running the model.</summary>
    public required TimeSpan Passes { get; init; }

    /// <summary>Taking the logits: processors, choosing tokens, log-probabilities, text, committing memories.</summary>
    public required TimeSpan Sampling { get; init; }
}
