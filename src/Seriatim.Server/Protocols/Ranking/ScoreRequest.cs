namespace Seriatim.Server;

/// <summary>A request to <c>/v1/score</c>.</summary>
internal sealed class ScoreRequest
{
    public string? Model { get; set; }

    public IReadOnlyList<string> First { get; set; } = [];

    public IReadOnlyList<string> Second { get; set; } = [];
}
