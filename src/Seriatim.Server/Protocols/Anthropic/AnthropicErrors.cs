using System.Text.Json;

namespace Seriatim.Server;

/// <summary><c>{"type": "error", "error": {"type", "message"}, "request_id"}</c>.</summary>
internal sealed class AnthropicErrors : IErrorStyle
{
    public static AnthropicErrors Instance { get; } = new();

    public string EventName => "error";

    public void Write(Utf8JsonWriter json, ApiError error, string requestId)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, TypeOf(error));
        json.WriteString("message"u8, error.Message);
        json.WriteEndObject();
        json.WriteString("request_id"u8, requestId);
        json.WriteEndObject();
    }

    private static string TypeOf(ApiError error) => error.Status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 or 529 => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
