namespace Seriatim.Server;

/// <summary>A request to <c>/v1/embeddings</c>.</summary>
internal sealed class EmbeddingRequest
{
    public string? Model { get; set; }

    public TextInput Input { get; } = new();

    public bool IsBase64 { get; set; }

    /// <summary>How many numbers; null: all.</summary>
    public int? Dimensions { get; set; }

    /// <summary>Whether texts that are too long are cut.</summary>
    public bool Cuts { get; set; }
}
