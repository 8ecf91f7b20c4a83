namespace Seriatim.Server;

/// <summary>A request to <c>/v1/completions</c>.</summary>
internal sealed class CompletionRequest
{
    public TextJob Job { get; } = new();

    public OpenAiOutput Output { get; } = new();

    /// <summary>Whether the prompt is part of the answer.</summary>
    public bool Echoes { get; set; }
}
