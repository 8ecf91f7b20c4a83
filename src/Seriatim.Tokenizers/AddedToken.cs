namespace Seriatim.Tokenizers;

/// <summary>A token that is found in the text before everything else and is never cut.</summary>
public sealed record AddedToken
{
    /// <summary>Its id.</summary>
    public required int Id { get; init; }

    /// <summary>Its text.</summary>
    public required string Content { get; init; }

    /// <summary>
    /// It steers the model and is not text: decoding can skip it, and <see cref="EncodeOptions.ParseSpecialTokens"/> decides
    /// whether it is recognised.
    /// </summary>
    public bool Special { get; init; }

    /// <summary>It takes the white space on its left with it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>It takes the white space on its right with it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>It is only recognised between characters that are not part of words.</summary>
    public bool SingleWord { get; init; }

    /// <summary>It is looked for in the normalized text instead of the original.</summary>
    public bool Normalized { get; init; }
}
