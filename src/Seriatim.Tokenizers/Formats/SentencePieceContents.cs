namespace Seriatim.Tokenizers;

/// <summary>What a SentencePiece file says, as far as other formats can say it.</summary>
internal sealed record SentencePieceContents
{
    /// <summary>The pieces by id.</summary>
    public required string[] Pieces { get; init; }

    /// <summary>Their scores.</summary>
    public required float[] Scores { get; init; }

    /// <summary>Their kinds; the numbers are those of <c>tokenizer.ggml.token_type</c>.</summary>
    public required int[] Kinds { get; init; }

    /// <summary>Unigram, else BPE.</summary>
    public required bool IsUnigram { get; init; }

    /// <summary>Unknown characters are spelled in bytes.</summary>
    public required bool ByteFallback { get; init; }

    /// <summary>The character map; empty for none.</summary>
    public required byte[] Charsmap { get; init; }

    /// <summary>A blank is put in front.</summary>
    public required bool AddDummyPrefix { get; init; }

    /// <summary>Runs of blanks become one.</summary>
    public required bool RemoveExtraWhitespaces { get; init; }

    /// <summary>The blank goes to the end.</summary>
    public required bool SpaceAsSuffix { get; init; }
}
