using Microsoft.AspNetCore.Http;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;
using Seriatim.Training;

namespace Seriatim.Server;

/// <summary>
/// Which status each exception of the libraries below has: the one table. What is not in it is a fault of the server, of which
/// its client learns the request's id and nothing else.
/// </summary>
internal static class ErrorTable
{
    private const string Overloaded = "overloaded_error";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(10);

    /// <summary>The server is about to stop.</summary>
    public static ApiError Draining { get; } =
        new(503, Overloaded, "The server is stopping and takes no new requests; ask another one, or this one later.", "draining")
        {
            RetryAfter = Later,
        };

    /// <summary>From the special to the general; the first that fits holds.</summary>
    private static readonly (Type Type, Func<Exception, ApiError> Error)[] Table =
    [
        Row<ApiException>(e => e.Error),
        Row<PromptTooLongException>(e => ApiError.Invalid(e.Message, code: "context_length_exceeded")),
        Row<TextTooLongException>(e => ApiError.Invalid(e.Message, code: "context_length_exceeded")),
        Row<RequestTooLargeException>(e => ApiError.Invalid(e.Message, code: "request_too_large")),
        Row<InvalidOptionException>(e => ApiError.Invalid(e.Message, code: "invalid_value")),
        Row<GrammarException>(e => ApiError.Invalid(e.Message, code: "invalid_grammar")),
        Row<NoCandidateException>(e => ApiError.Invalid(e.Message, code: "no_candidate")),
        Row<ModelTaskException>(e => ApiError.Invalid(e.Message, "model", "wrong_task")),
        Row<ChatTemplateException>(e => ApiError.Invalid(e.Message, "messages", "chat_template_error")),
        Row<UnknownModelException>(e => new(404, ApiError.InvalidRequest, e.Message, "model_not_found", "model")),
        Row<EngineOverloadedException>(e => new(503, Overloaded, e.Message, "queue_full") { RetryAfter = Soon }),
        Row<HostMemoryException>(e => new(503, Overloaded, e.Message, "no_memory") { RetryAfter = Later }),
        Row<HostStoppedException>(_ => Draining),
        Row<RequestMovedException>(_ => Draining),
        Row<GenerationException>(e => ApiError.Invalid(e.Message)),
        Row<ModelHubException>(e => Failed(e, "model_load_failed")),
        Row<ModelFormatException>(e => Failed(e, "model_load_failed")),
        Row<StageCutException>(e => ApiError.Invalid(e.Message, "model", "not_in_stages")),
        Row<ModelException>(e => Failed(e, "model_load_failed")),
        Row<ProcessGroupException>(e => Failed(e, "model_load_failed")),
        Row<TokenizerFormatException>(e => Failed(e, "model_load_failed")),
        Row<BadHttpRequestException>(OfHttp),
    ];

    /// <param name="exception">What went wrong.</param>
    /// <param name="requestId">The request's id.</param>
    /// <param name="said">Which of the request's fields said which option; null: that is not known.</param>
    public static ApiError Of(Exception exception, string requestId, SaidFields? said = null)
    {
        foreach ((Type type, Func<Exception, ApiError> error) in Table)
        {
            if (!type.IsInstanceOfType(exception))
                continue;
            ApiError found = error(exception);
            return exception is InvalidOptionException option ? found with { Param = said?.Of(option.Option) } : found;
        }

        return new(500, ApiError.ServerError,
            $"The server failed at this request. Who runs it finds the reason in its log under {requestId}.", "internal_error")
        {
            Fault = exception,
        };
    }

    /// <summary>The types that have a row.</summary>
    public static IEnumerable<Type> Known => Table.Select(row => row.Type);

    private static (Type Type, Func<Exception, ApiError> Error) Row<T>(Func<T, ApiError> error)
        where T : Exception => (typeof(T), exception => error((T)exception));

    /// <summary>
    /// A model cannot be opened: the server's fault, but its message is for people and names files, so it is shown.
    /// </summary>
    private static ApiError Failed(Exception exception, string code) =>
        new(503, ApiError.ServerError, $"The model could not be opened: {exception.Message}", code, "model")
        {
            RetryAfter = Later,
            Fault = exception,
        };

    private static ApiError OfHttp(BadHttpRequestException exception) => exception.StatusCode switch
    {
        413 => new(413, ApiError.InvalidRequest, "The body of the request is larger than the server takes.", "body_too_large"),
        408 => new(408, ApiError.InvalidRequest, "The body of the request did not arrive in time.", "body_timeout"),
        _ => ApiError.Invalid($"The request is broken: {exception.Message}", code: "bad_request"),
    };
}
