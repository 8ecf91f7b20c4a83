namespace Seriatim.Tokenizers;

/// <summary>How a conversation becomes a prompt.</summary>
public sealed record ChatPromptOptions
{
    /// <summary>The default: the tokenizer's own template, no tools, what is written in messages is text.</summary>
    public static ChatPromptOptions Default { get; } = new();

    /// <summary>A template to use instead of the tokenizer's own.</summary>
    public ChatTemplate? Template { get; init; }

    /// <summary>End with the opening of the answer.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Tools the model may call, for templates that show them (<c>tools</c>).</summary>
    public IReadOnlyList<ChatTool> Tools { get; init; } = [];

    /// <summary>
    /// More variables for the template, e.g. <c>enable_thinking</c>. Values are strings, numbers, truth values, null, lists,
    /// dictionaries, or JSON (elements, documents, nodes).
    /// </summary>
    public IReadOnlyDictionary<string, object?> Variables { get; init; } = new Dictionary<string, object?>();

    /// <summary>
    /// Read special tokens that are written out in messages and tools as such. Leave it off for text of others: nobody can then
    /// open a turn that is not theirs. The marks that the template itself writes are special tokens either way.
    /// </summary>
    public bool ParseSpecialTokens { get; init; }
}
