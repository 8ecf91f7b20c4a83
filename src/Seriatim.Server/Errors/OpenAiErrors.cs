using System.Text.Json;

namespace Seriatim.Server;

/// <summary><c>{"error": {"message", "type", "param", "code"}}</c>.</summary>
internal sealed class OpenAiErrors : IErrorStyle
{
    public static OpenAiErrors Instance { get; } = new();

    public void Write(Utf8JsonWriter json, ApiError error, string requestId)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, error.Message);
        json.WriteString("type"u8, error.Type);
        json.WriteString("param"u8, error.Param);
        json.WriteString("code"u8, error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
