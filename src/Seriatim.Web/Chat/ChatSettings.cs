using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seriatim.Web.Chat;

/// <summary>How answers are made. Null: as the model's defaults have it.</summary>
public sealed record ChatSettings
{
    public string Model { get; init; } = "";

    /// <summary>What the model is told first; empty: nothing.</summary>
    public string System { get; init; } = "";

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public double? MinP { get; init; }

    public double? RepetitionPenalty { get; init; }

    public int? MaxTokens { get; init; }

    public long? Seed { get; init; }

    /// <summary>As the browser keeps them.</summary>
    public string Write() => JsonSerializer.Serialize(this, ChatJson.Default.ChatSettings);

    /// <summary>What a browser has kept; null: nothing, or nothing of ours.</summary>
    public static ChatSettings? Read(string? kept)
    {
        try
        {
            return kept is { Length: > 0 } ? JsonSerializer.Deserialize(kept, ChatJson.Default.ChatSettings) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(ChatSettings))]
internal sealed partial class ChatJson : JsonSerializerContext;
