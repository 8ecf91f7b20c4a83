using Microsoft.Extensions.Logging;

namespace Seriatim.Server;

/// <summary>
/// What the server has to say to a logger; the ids of events are kept. Of what clients write nothing is in it, unless
/// <see cref="SeriatimServerOptions.LogsPrompts"/> asks for it.
/// </summary>
internal static partial class ServerLog
{
    /// <summary>The category.</summary>
    public const string Category = "Seriatim.Server";

    /// <summary>Says how a request ended.</summary>
    public static void Ended(ApiCall call, ApiError? error)
    {
        ILogger logger = call.Server.Logger;
        string method = call.Endpoint.Method, path = call.Endpoint.Path;
        double milliseconds = call.Elapsed.TotalMilliseconds;
        if (error is null)
            Served(logger, method, path, call.Http.Response.StatusCode, milliseconds, call.Id, call.Client.Name);
        else if (error.Fault is { } fault)
            Failed(logger, fault, method, path, error.Status, call.Id);
        else
        {
            string? field = Field(call, error.Param);
            Refused(logger, method, path, error.Status, error.Code, field, milliseconds, call.Id, call.Client.Name);
        }
    }

    /// <summary>The field of the table that an error is about: the rest of its place may be the client's words.</summary>
    private static string? Field(ApiCall call, string? param)
    {
        int end = param?.AsSpan().IndexOfAny('.', '[') ?? -1;
        string? name = end < 0 ? param : param![..end];
        return call.Endpoint.Fields?.Rows.FirstOrDefault(row => row.Name == name)?.Name;
    }

    [LoggerMessage(1, LogLevel.Debug, "{Method} {Path}: {Status} in {Milliseconds:F1} ms, {RequestId} of {Client}.")]
    public static partial void Served(ILogger logger, string method, string path, int status, double milliseconds,
        string requestId, string client);

    [LoggerMessage(2, LogLevel.Debug,
        "{Method} {Path}: {Status} {Code} {Param} in {Milliseconds:F1} ms, {RequestId} of {Client}.")]
    public static partial void Refused(ILogger logger, string method, string path, int status, string? code, string? param,
        double milliseconds, string requestId, string client);

    [LoggerMessage(3, LogLevel.Error, "{Method} {Path}: {Status}, {RequestId}.")]
    public static partial void Failed(ILogger logger, Exception fault, string method, string path, int status, string requestId);

    [LoggerMessage(4, LogLevel.Information, "Taking no new requests; {Running} run to their end.")]
    public static partial void Draining(ILogger logger, int running);

    [LoggerMessage(5, LogLevel.Warning, "{Model} could not be opened when the server started.")]
    public static partial void NotPreloaded(ILogger logger, Exception fault, string model);

    [LoggerMessage(6, LogLevel.Warning, "{RequestId} of {Client} was cancelled: nothing of {Waiting} was taken for "
        + "{Seconds:F0} s.")]
    public static partial void Stalled(ILogger logger, string requestId, string client, string waiting, double seconds);

    [LoggerMessage(7, LogLevel.Information, "{RequestId}, prompt: {Prompt}")]
    public static partial void Prompt(ILogger logger, string requestId, string prompt);

    [LoggerMessage(8, LogLevel.Information, "{RequestId}, answer {Choice}: {Answer}")]
    public static partial void Answer(ILogger logger, string requestId, int choice, string answer);

    [LoggerMessage(10, LogLevel.Warning, "{Running} requests have not ended {Seconds:F0} s after they were cancelled; the server "
        + "stops without them.")]
    public static partial void NotDrained(ILogger logger, int running, double seconds);

    [LoggerMessage(9, LogLevel.Error, "{RequestId} was repeated and gave other bytes.")]
    public static partial void ReplayMismatch(ILogger logger, string requestId);
}
