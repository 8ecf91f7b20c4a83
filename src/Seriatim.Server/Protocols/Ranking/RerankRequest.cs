namespace Seriatim.Server;

/// <summary>A request to <c>/v1/rerank</c>.</summary>
internal sealed class RerankRequest
{
    public string? Model { get; set; }

    public string Query { get; set; } = "";

    public List<string> Documents { get; } = [];

    /// <summary>How many are told; null: all.</summary>
    public int? Top { get; set; }

    public bool ShowsDocuments { get; set; } = true;
}
