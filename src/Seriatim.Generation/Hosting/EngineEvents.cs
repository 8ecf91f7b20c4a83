using Microsoft.Extensions.Logging;

namespace Seriatim.Generation;

/// <summary>What engines and their host have to say to a logger, each with a number that does not change.</summary>
internal static partial class EngineEvents
{
    /// <summary>The category of their loggers.</summary>
    public const string Category = "Seriatim.Engine";

    [LoggerMessage(1, LogLevel.Information,
        "Opened {Model} in {Seconds:F1} s: {WeightBytes} bytes of weights, {PoolBytes} bytes for what sequences remember.",
        EventName = "Opening")]
    public static partial void Opened(ILogger logger, string model, double seconds, long weightBytes, long poolBytes);

    [LoggerMessage(2, LogLevel.Warning, "A request was refused: {Waiting} wait, and {Limit} may.", EventName = "QueueFull")]
    public static partial void QueueFull(ILogger logger, int waiting, int limit);

    [LoggerMessage(3, LogLevel.Debug, "Gave up {Pages} pages of the prefix cache; {Left} are left.", EventName = "Eviction")]
    public static partial void Evicted(ILogger logger, int pages, int left);

    [LoggerMessage(4, LogLevel.Debug, "Request {Number} gave its pages back and is computed again later.",
        EventName = "Preemption")]
    public static partial void Preempted(ILogger logger, long number);

    [LoggerMessage(5, LogLevel.Warning, "A pass of {Rows} rows failed; its requests run one by one.", EventName = "FailedPass")]
    public static partial void PassFailed(ILogger logger, int rows, Exception exception);

    [LoggerMessage(6, LogLevel.Error, "A step broke off; {Requests} requests go on from their states.",
        EventName = "EngineFault")]
    public static partial void Faulted(ILogger logger, int requests, Exception exception);

    [LoggerMessage(7, LogLevel.Warning, "The draft model failed; requests go on without drafts for a while.",
        EventName = "DraftFailure")]
    public static partial void DraftFailed(ILogger logger, Exception exception);

    [LoggerMessage(8, LogLevel.Information, "Unloaded {Model} ({Why}): {Bytes} bytes given back.", EventName = "Unloaded")]
    public static partial void Unloaded(ILogger logger, string model, string why, long bytes);

    [LoggerMessage(9, LogLevel.Information, "Drained in {Seconds:F1} s; everything ended: {Everything}.", EventName = "Drained")]
    public static partial void Drained(ILogger logger, double seconds, bool everything);

    [LoggerMessage(10, LogLevel.Error, "Could not open {Model}.", EventName = "OpeningFailed")]
    public static partial void OpeningFailed(ILogger logger, string model, Exception exception);

    [LoggerMessage(11, LogLevel.Error, "Closing {Model} threw; what it holds may be lost.", EventName = "ClosingFailed")]
    public static partial void ClosingFailed(ILogger logger, string model, Exception exception);

    [LoggerMessage(12, LogLevel.Error, "Who watches the models of the host threw.", EventName = "WatcherFailed")]
    public static partial void WatcherFailed(ILogger logger, Exception exception);
}
