namespace Seriatim.Tokenizers;

/// <summary>How a BPE model treats what its merges do not say.</summary>
internal sealed record BpeOptions
{
    /// <summary>The id of characters the vocabulary does not have; null drops them.</summary>
    public int? UnkId { get; init; }

    /// <summary>Neighbouring unknown characters become one unknown token.</summary>
    public bool FuseUnk { get; init; }

    /// <summary>Ids of the byte tokens unknown characters are spelled with; null for none.</summary>
    public int[]? ByteTokens { get; init; }

    /// <summary>Use byte tokens even when some of the 256 are missing (the missing ones are dropped or unknown).</summary>
    public bool PartialBytes { get; init; }

    /// <summary>A word that is in the vocabulary is one token, whatever the merges say.</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>Prefix of every character but the first of a word in the vocabulary.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Suffix of the last character of a word in the vocabulary.</summary>
    public string Suffix { get; init; } = "";
}
