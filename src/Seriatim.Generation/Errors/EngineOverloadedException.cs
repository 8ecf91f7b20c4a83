namespace Seriatim.Generation;

/// <summary>The queue is full. Try again later, or make <see cref="EngineOptions.MaxQueuedRequests"/> larger.</summary>
public sealed class EngineOverloadedException : GenerationException
{
    internal EngineOverloadedException(int queued, int limit)
        : base($"{queued} requests are waiting; {limit} may wait. Try again later, or make MaxQueuedRequests larger.") =>
        (Queued, Limit) = (queued, limit);

    /// <summary>Requests that were waiting.</summary>
    public int Queued { get; }

    /// <summary>Requests that may wait.</summary>
    public int Limit { get; }
}
