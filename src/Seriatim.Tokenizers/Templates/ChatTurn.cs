namespace Seriatim.Tokenizers;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks: usually <c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">What is said; null if the message only has <see cref="Fields"/>.</param>
public sealed record ChatTurn(string Role, string? Content)
{
    /// <summary>
    /// More fields for templates that read them, such as <c>tool_calls</c>. Values are strings, numbers, truth values, null,
    /// lists and
    /// dictionaries with string keys.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Fields { get; init; } = new Dictionary<string, object?>();
}
