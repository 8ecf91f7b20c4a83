namespace Seriatim.Server;

/// <summary>What a client is told when its request is not served.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Type">OpenAI's <c>type</c>: the kind of error.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Code">OpenAI's <c>code</c>: which error of its kind; null: none.</param>
/// <param name="Param">The field of the request; null: none.</param>
internal sealed record ApiError(int Status, string Type, string Message, string? Code = null, string? Param = null)
{
    public const string InvalidRequest = "invalid_request_error";

    public const string ServerError = "server_error";

    /// <summary>When to come again; null: it makes no difference, or nobody knows.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The exception, where it is not the client's affair: it is logged.</summary>
    public Exception? Fault { get; init; }

    /// <summary>A request that is wrong.</summary>
    public static ApiError Invalid(string message, string? param = null, string? code = null) =>
        new(400, InvalidRequest, message, code, param);
}
