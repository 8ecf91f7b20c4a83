namespace Seriatim.Tokenizers;

/// <summary>Checked options with everything that follows from them.</summary>
internal sealed class TrainingPlan
{
    private static readonly string[] BosNames = ["<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<|endoftext|>"];
    private static readonly string[] EosNames = ["</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>"];
    private static readonly string[] UnkNames = ["<unk>", "[UNK]"];
    private static readonly string[] PadNames = ["<pad>", "[PAD]"];

    /// <summary>Checks the options.</summary>
    public TrainingPlan(TrainerOptions options)
    {
        Options = options;
        IReadOnlyList<string> special = options.SpecialTokens ?? options.Model switch
        {
            TrainerModel.ByteLevelBpe => ["<|endoftext|>"],
            TrainerModel.WordPiece => ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            _ => ["<unk>", "<s>", "</s>"],
        };
        SpecialCount = special.Count;
        Special = [.. special, .. options.AddedTokens];
        if (Special.Distinct(StringComparer.Ordinal).Count() != Special.Count || Special.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException(
                "SpecialTokens and AddedTokens hold an empty token or one token twice; name every token once.",
                nameof(options));
        }

        FixedPieces = options.Model switch
        {
            TrainerModel.ByteLevelBpe => [.. Special, .. ByteAlphabet.All.ToArray().Select(c =>
                c.ToString()).Order(StringComparer.Ordinal)],
            TrainerModel.ByteFallbackBpe => [.. Special, .. Enumerable.Range(0, 256).Select(b => $"<0x{b:X2}>")],
            _ => Special,
        };
        Bos = Role(BosNames);
        Eos = Role(EosNames);
        Unk = Role(UnkNames);
        Pad = Role(PadNames);
        AddBos = options.AddBos ?? options.Model == TrainerModel.ByteFallbackBpe;
        Check(options);
    }

    /// <summary>The options.</summary>
    public TrainerOptions Options { get; }

    /// <summary>The special tokens, then the other tokens that are kept whole.</summary>
    public IReadOnlyList<string> Special { get; }

    /// <summary>How many of <see cref="Special"/> are special and not just kept whole.</summary>
    public int SpecialCount { get; }

    /// <summary>Beginning of sequence.</summary>
    public string? Bos { get; }

    /// <summary>End of sequence.</summary>
    public string? Eos { get; }

    /// <summary>Unknown.</summary>
    public string? Unk { get; }

    /// <summary>Padding.</summary>
    public string? Pad { get; }

    /// <summary>Whether <see cref="Bos"/> is put before texts.</summary>
    public bool AddBos { get; }

    /// <summary>Pieces that come before anything learned: special tokens and the 256 bytes.</summary>
    public IReadOnlyList<string> FixedPieces { get; }

    private string? Role(string[] names) => names.FirstOrDefault(name => Special.Contains(name, StringComparer.Ordinal));

    private void Check(TrainerOptions options)
    {
        int least = FixedPieces.Count;
        if (options.VocabularySize <= least || options.VocabularySize > Vocabulary.MaxId)
        {
            throw new ArgumentException($"VocabularySize is {options.VocabularySize}; {options.Model} needs more than {least} "
                + $"(special tokens and bytes) and at most {Vocabulary.MaxId}.", nameof(options));
        }

        if (options.MaxPieceLength < 1 || options.MinFrequency < 1 || options.CharacterCoverage is not (> 0 and <= 1))
        {
            throw new ArgumentException(
                $"MaxPieceLength ({options.MaxPieceLength}) and MinFrequency ({options.MinFrequency}) have to be "
                    + $"at least 1 and CharacterCoverage ({options.CharacterCoverage}) in (0, 1].", nameof(options));
        }

        bool needsUnk = options.Model is TrainerModel.Unigram or TrainerModel.WordPiece;
        if (needsUnk && Unk is null)
        {
            throw new ArgumentException($"{options.Model} needs an unknown token; put <unk> or [UNK] among SpecialTokens.",
                nameof(options));
        }

        if ((AddBos && Bos is null) || (options.AddEos && Eos is null))
        {
            throw new ArgumentException(
                "AddBos or AddEos is set, but SpecialTokens has no such token; add <s> and </s>, or turn them off.",
                nameof(options));
        }
    }
}
