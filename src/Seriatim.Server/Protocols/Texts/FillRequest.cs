namespace Seriatim.Server;

/// <summary>A request to <c>/v1/fill</c>.</summary>
internal sealed class FillRequest
{
    public string? Model { get; set; }

    public IReadOnlyList<string> Texts { get; set; } = [];

    public int Top { get; set; } = 5;
}
