using Seriatim.Generation;

namespace Seriatim;

/// <summary>An answer in a <see cref="Conversation"/>.</summary>
public sealed record ConversationReply
{
    /// <summary>What the model said, without its reasoning and its calls of tools.</summary>
    public required string Text { get; init; }

    /// <summary>What it thought before, where its chat template has marks for that; else empty.</summary>
    public string Reasoning { get; init; } = "";

    /// <summary>
    /// Tools it wants to be called. Give each result to <see cref="Conversation.AddToolResult"/>, then ask for the answer with
    /// <see cref="Conversation.AnswerAsync"/>.
    /// </summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>
    /// Blocks that should be calls and cannot be read, as the model wrote them: neither calls nor text.
    /// </summary>
    public IReadOnlyList<string> MalformedCalls { get; init; } = [];

    /// <summary>All there is to know of the request.</summary>
    public required GenerationResult Result { get; init; }
}
