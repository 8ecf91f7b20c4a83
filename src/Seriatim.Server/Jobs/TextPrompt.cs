namespace Seriatim.Server;

/// <summary>A text to go on with, as text or as token ids.</summary>
/// <param name="Text">The text; null: ids.</param>
/// <param name="Ids">The ids; null: text.</param>
internal sealed record TextPrompt(string? Text, IReadOnlyList<int>? Ids);
