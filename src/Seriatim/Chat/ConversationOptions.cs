using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>How a <see cref="Conversation"/> is led.</summary>
public sealed record ConversationOptions
{
    /// <summary>What the model is told before anything else; null: nothing.</summary>
    public string? System { get; init; }

    /// <summary>
    /// Template, tools, and whether special tokens in messages are read as such; they are text unless it is said here.
    /// </summary>
    public ChatPromptOptions Prompt { get; init; } = ChatPromptOptions.Default;

    /// <summary>Told what the model thinks before it answers, as it comes; it is no part of the text. Null: nobody is.</summary>
    public Action<string>? OnReasoning { get; init; }

    /// <summary>How answers are generated, where a message does not say otherwise.</summary>
    public GenerateOptions Generate { get; init; } = new();
}
