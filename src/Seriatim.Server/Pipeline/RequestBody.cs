using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Seriatim.Server;

/// <summary>Reads bodies: no more of one than is allowed, and no text that is not Unicode.</summary>
internal static class RequestBody
{
    public static async Task<JsonDocument> ReadAsync(HttpRequest request, long most, int depth, CancellationToken cancellation)
    {
        CheckOrigin(request);
        if (request.ContentLength > most)
            throw TooLarge(most, request.ContentLength);
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = most;
        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(cancellation).ConfigureAwait(false);
            if (read.Buffer.Length > most)
                throw TooLarge(most, null);
            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return Parse(body, depth);
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    internal static JsonDocument Parse(byte[] body, int depth)
    {
        if (body.AsSpan().IndexOfAnyExcept(" \t\r\n"u8) < 0)
            throw ApiException.Invalid("The body is empty; a JSON object is needed.", code: "invalid_json");
        if (!Utf8.IsValid(body))
            throw ApiException.Invalid("The body is not UTF-8.", code: "invalid_json");
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = depth, AllowDuplicateProperties = false });
        }
        catch (JsonException failure)
        {
            throw ApiException.Invalid($"The body is no JSON: {Short(failure.Message)}", code: "invalid_json");
        }

        if (body.AsSpan().IndexOf("\\u"u8) >= 0 && !JsonText.HasWholeTexts(json.RootElement))
        {
            json.Dispose();
            throw ApiException.Invalid("The body has half of a surrogate pair in it, which is no text.", code: "invalid_json");
        }

        return json;
    }

    /// <summary>
    /// A page of another site may send a body without asking its visitor's browser, as long as it does not say that it is JSON;
    /// so what comes from a page has to say it, and the browser asks us first.
    /// </summary>
    private static void CheckOrigin(HttpRequest request)
    {
        if (request.Headers.Origin.Count > 0 && !request.HasJsonContentType())
        {
            throw new ApiException(new ApiError(415, ApiError.InvalidRequest,
                $"Content-Type is {request.ContentType ?? "missing"}; what comes from a web page has to be application/json.",
                "unsupported_media_type"));
        }
    }

    /// <summary>A message may repeat a name of the body, however long that is.</summary>
    private static string Short(string message) => message.Length <= 300 ? message : $"{message[..299]}...";

    private static ApiException TooLarge(long most, long? length) => new(new ApiError(413, ApiError.InvalidRequest,
        FormattableString.Invariant($"The body has {(length is null ? "more than" : $"{length:N0} bytes;")} ")
            + FormattableString.Invariant($"{most:N0} bytes{(length is null ? ", the most that is" : " are")} taken."),
        "body_too_large"));
}
