namespace Seriatim.Tokenizers;

/// <summary>What to train. The defaults give a 16k byte-level BPE.</summary>
public sealed record TrainerOptions
{
    /// <summary>The kind of vocabulary.</summary>
    public TrainerModel Model { get; init; } = TrainerModel.ByteLevelBpe;

    /// <summary>Number of tokens wanted, special tokens and the alphabet included. Little text may give fewer.</summary>
    public int VocabularySize { get; init; } = 16_000;

    /// <summary>A pair (or a Unigram seed) has to occur at least this often.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>Longest piece, in characters (in bytes for byte-level).</summary>
    public int MaxPieceLength { get; init; } = 16;

    /// <summary>
    /// Share of the text's characters that get a piece of their own; the rest are spelled in bytes or unknown. Not used for
    /// byte-level BPE.
    /// </summary>
    public double CharacterCoverage { get; init; } = 0.9995;

    /// <summary>Lower-case the text (WordPiece: and strip accents).</summary>
    public bool Lowercase { get; init; }

    /// <summary>Cut digits apart (not for WordPiece).</summary>
    public bool SplitDigits { get; init; }

    /// <summary>
    /// Special tokens, ids from 0 in this order; null for those usual with the model: <c>&lt;|endoftext|&gt;</c>;
    /// <c>&lt;unk&gt; &lt;s&gt; &lt;/s&gt;</c>; <c>[PAD] [UNK] [CLS] [SEP] [MASK]</c>. Roles follow from these usual names.
    /// </summary>
    public IReadOnlyList<string>? SpecialTokens { get; init; }

    /// <summary>
    /// Texts that are one token each wherever they occur, and are plain text otherwise: the prefixes of tasks, for example.
    /// Their ids follow those of the special tokens.
    /// </summary>
    public IReadOnlyList<string> AddedTokens { get; init; } = [];

    /// <summary>Put the beginning-of-sequence token before every text; null: only with byte-fallback BPE.</summary>
    public bool? AddBos { get; init; }

    /// <summary>Put the end-of-sequence token after every text.</summary>
    public bool AddEos { get; init; }

    /// <summary>Told now and then how far the training is.</summary>
    public IProgress<VocabularyProgress>? Progress { get; init; }
}
