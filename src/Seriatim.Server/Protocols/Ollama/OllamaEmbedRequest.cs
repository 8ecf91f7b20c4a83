namespace Seriatim.Server;

/// <summary>A request to <c>/api/embed</c> or <c>/api/embeddings</c>.</summary>
internal sealed class OllamaEmbedRequest
{
    public string? Model { get; set; }

    public TextInput Input { get; } = new();

    public bool Cuts { get; set; } = true;

    public int? Dimensions { get; set; }

    public OllamaKeepAlive KeepAlive { get; set; }
}
