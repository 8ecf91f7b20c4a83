using System.Text.Json;

namespace Seriatim.Server;

/// <summary>A request to <c>/v1/responses</c>.</summary>
internal sealed class ResponsesRequest
{
    public ChatJob Job { get; } = new();

    /// <summary>What the model is told first; it does not go over to later responses.</summary>
    public string? Instructions { get; set; }

    public string? Previous { get; set; }

    public bool Streams { get; set; }

    public bool IsBackground { get; set; }

    public bool IsStored { get; set; } = true;

    /// <summary>What the answer tells again, as it was sent: its name and value.</summary>
    public Dictionary<string, JsonElement> Echo { get; } = [];
}
