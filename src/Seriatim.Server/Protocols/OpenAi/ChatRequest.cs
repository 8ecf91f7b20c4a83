namespace Seriatim.Server;

/// <summary>A request to <c>/v1/chat/completions</c>.</summary>
internal sealed class ChatRequest
{
    public ChatJob Job { get; } = new();

    public OpenAiOutput Output { get; } = new();

    /// <summary>Whether log-probabilities are wanted, which <c>top_logprobs</c> needs.</summary>
    public bool WantsLogprobs { get; set; }

    /// <summary>Whether the answer begins with the last message (vLLM's <c>echo</c>).</summary>
    public bool Echoes { get; set; }
}
