using System.Text;
using System.Text.Json;

namespace Seriatim.Server;

/// <summary>
/// The line that answers a line of a batch. It is one line whatever a body holds: also for readers to whom more signs than
/// <c>\n</c> end a line.
/// </summary>
internal static class BatchAnswer
{
    /// <summary>The answer of an endpoint.</summary>
    /// <param name="id">The line's <c>custom_id</c>.</param>
    /// <param name="status">The status.</param>
    /// <param name="request">The request's id.</param>
    /// <param name="body">The body; where it is no JSON, its text.</param>
    public static string Of(string? id, int status, string request, ReadOnlyMemory<byte> body) => Write(id, json =>
    {
        json.WriteStartObject("response"u8);
        json.WriteNumber("status_code"u8, status);
        json.WriteString("request_id"u8, request);
        json.WritePropertyName("body"u8);
        WriteBody(json, body);
        json.WriteEndObject();
        json.WriteNull("error"u8);
    });

    /// <summary>Why a line was not asked at all.</summary>
    public static string Of(string? id, ApiError error) => Write(id, json =>
    {
        json.WriteNull("response"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("code"u8, error.Code ?? error.Type);
        json.WriteString("message"u8, error.Message);
        json.WriteEndObject();
    });

    private static void WriteBody(Utf8JsonWriter json, ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            document.RootElement.WriteTo(json);
        }
        catch (JsonException)
        {
            json.WriteStringValue(Encoding.UTF8.GetString(body.Span));
        }
    }

    private static string Write(string? id, Action<Utf8JsonWriter> write)
    {
        string line = JsonOutput.TextOf(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"batch_req_{Guid.NewGuid():N}");
            json.WriteString("custom_id"u8, id);
            write(json);
            json.WriteEndObject();
        });
        return JsonOutput.OneLine(line);
    }
}
