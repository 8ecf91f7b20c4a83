namespace Seriatim.Tokenizers;

/// <summary>How to encode. The default adds special tokens and recognises them in the text.</summary>
public sealed record EncodeOptions
{
    /// <summary>The default.</summary>
    public static EncodeOptions Default { get; } = new();

    /// <summary>For text from outside: nothing is added, and what looks like a special token is plain text.</summary>
    public static EncodeOptions PlainText { get; } = new() { AddSpecialTokens = false, ParseSpecialTokens = false };

    /// <summary>Add what the post-processor says, such as the beginning of sequence.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>
    /// Recognise special tokens written out in the text. Turn it off for text that a user typed, so that nobody can smuggle
    /// one in.
    /// </summary>
    public bool ParseSpecialTokens { get; init; } = true;
}
