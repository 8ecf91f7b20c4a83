using System.Text.Json;

namespace Seriatim.Server;

/// <summary><c>{"error": "message"}</c>.</summary>
internal sealed class OllamaErrors : IErrorStyle
{
    public static OllamaErrors Instance { get; } = new();

    public void Write(Utf8JsonWriter json, ApiError error, string requestId)
    {
        json.WriteStartObject();
        json.WriteString("error"u8, error.Message);
        json.WriteEndObject();
    }
}
