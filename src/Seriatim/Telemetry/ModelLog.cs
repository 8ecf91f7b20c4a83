using Microsoft.Extensions.Logging;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// What a model has to say to a logger. The category is <c>Seriatim</c>, and the ids of the events are kept. Engines log by
/// themselves, under <see cref="SeriatimTelemetry.EngineCategory"/>.
/// </summary>
internal static partial class ModelLog
{
    [LoggerMessage(1, LogLevel.Information,
        "Opened {Model} in {Seconds:F1} s: {Family}, vocabulary {Vocabulary}, context {Context}, {Pages} "
            + "pages of {PageSize} tokens.")]
    public static partial void Opened(ILogger logger, string model, double seconds, string family, int vocabulary, int context,
        int pages, int pageSize);

    [LoggerMessage(2, LogLevel.Warning, "{Note}")]
    public static partial void Note(ILogger logger, string note);

    [LoggerMessage(3, LogLevel.Information, "Closed {Model}.")]
    public static partial void Closed(ILogger logger, string model);

    [LoggerMessage(4, LogLevel.Debug,
        "{Operation} {Number} of {Model}: {Prompt} + {New} tokens in {Milliseconds:F0} ms, {Finish}, seed {Seed}.")]
    public static partial void Ended(
        ILogger logger, string operation, long number, string model, int prompt, int @new, double milliseconds,
        FinishReason? finish, ulong seed);

    [LoggerMessage(5, LogLevel.Debug, "{Operation} {Number} of {Model} was cancelled.")]
    public static partial void Cancelled(ILogger logger, string operation, long number, string model);

    [LoggerMessage(6, LogLevel.Error, "{Operation} {Number} of {Model} failed.")]
    public static partial void Failed(ILogger logger, Exception exception, string operation, long number, string model);

    [LoggerMessage(7, LogLevel.Debug, "{Operation} of {Model} was refused: {Reason}")]
    public static partial void Refused(ILogger logger, string operation, string model, string reason);

    [LoggerMessage(8, LogLevel.Debug, "{Operation} of {Model} found no room: {Reason}")]
    public static partial void Overloaded(ILogger logger, string operation, string model, string reason);

    [LoggerMessage(9, LogLevel.Debug, "Opening {Model}.")]
    public static partial void Opening(ILogger logger, string model);

    [LoggerMessage(10, LogLevel.Error, "{Model} could not be opened: {Reason}")]
    public static partial void NotOpened(ILogger logger, string model, string reason);

    [LoggerMessage(12, LogLevel.Information, "{Model}: {Stage}")]
    public static partial void Stage(ILogger logger, string model, StageReport stage);

    [LoggerMessage(11, LogLevel.Debug, "Closing {Model}.")]
    public static partial void Closing(ILogger logger, string model);

    /// <summary>Says how a request ends, when it does.</summary>
    public static void Follow(ILogger logger, string operation, string model, GenerationHandle handle) =>
        handle.Outcome.ContinueWith(
            task =>
            {
                if (task.IsCompletedSuccessfully)
                {
                    GenerationResult result = task.Result;
                    FinishReason? finish = result.Choices.Count > 0 ? result.Choices[0].Finish : null;
                    Ended(logger, operation, handle.Number, model, result.Usage.PromptTokens, result.Usage.NewTokens,
                        result.Timings.Total.TotalMilliseconds, finish, result.Seed);
                }
                else if (task.Exception?.InnerException is { } failure)
                {
                    Failed(logger, failure, operation, handle.Number, model);
                }
                else
                {
                    Cancelled(logger, operation, handle.Number, model);
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Says why a request did not begin.</summary>
    public static void NotBegun(ILogger logger, string operation, string model, Exception failure)
    {
        if (failure is EngineOverloadedException)
            Overloaded(logger, operation, model, failure.Message);
        else
            Refused(logger, operation, model, failure.Message);
    }
}
