namespace Seriatim.Tokenizers;

/// <summary>
/// What a class of transformers makes of <c>vocab.json</c> and <c>merges.txt</c>: the same pair of files means other tokens to a
/// GPT-2, a BART and a CLIP. A class that is not among these is refused by name.
/// </summary>
internal sealed record BpeClass
{
    private const string End = "<|endoftext|>";

    private const string QwenPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string ClipPattern = @"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

    private static readonly Dictionary<string, string> Bart = new(StringComparer.Ordinal)
    {
        ["bos_token"] = "<s>",
        ["eos_token"] = "</s>",
        ["unk_token"] = "<unk>",
        ["sep_token"] = "</s>",
        ["pad_token"] = "<pad>",
        ["cls_token"] = "<s>",
        ["mask_token"] = "<mask>",
    };

    /// <summary>All classes; the first is what files without any name are taken for if they look like it.</summary>
    public static IReadOnlyList<BpeClass> All { get; } =
    [
        new()
        {
            Names = ["GPT2Tokenizer", "CodeGenTokenizer"],
            ModelTypes = ["gpt2", "gpt_neo", "gptj", "codegen"],
            Roles = new Dictionary<string, string> { ["bos_token"] = End, ["eos_token"] = End, ["unk_token"] = End },
        },
        new()
        {
            Names = [],
            ModelTypes = ["opt"],
            Roles = new Dictionary<string, string>
            {
                ["bos_token"] = "</s>", ["eos_token"] = "</s>", ["unk_token"] = "</s>", ["pad_token"] = "<pad>",
            },
            AddBos = true,
        },
        new()
        {
            Names = ["RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer", "MvpTokenizer"],
            ModelTypes = ["roberta", "bart", "longformer", "led", "mvp"],
            Roles = Bart,
            Layout = static roles => roles is { Cls: { } cls, Sep: { } sep }
                ? PostProcessor.Roberta(cls, sep, trimOffsets: true)
                : null,
        },
        new()
        {
            Names = ["BlenderbotTokenizer"],
            ModelTypes = ["blenderbot"],
            Roles = Bart,
            AddPrefixSpace = true,
            Layout = static roles => roles.Eos is { } eos ? PostProcessor.Around([], [eos]) : null,
        },
        new()
        {
            Names = ["DebertaTokenizer"],
            ModelTypes = ["deberta"],
            Roles = new Dictionary<string, string>
            {
                ["bos_token"] = "[CLS]", ["eos_token"] = "[SEP]", ["sep_token"] = "[SEP]", ["cls_token"] = "[CLS]",
                ["unk_token"] = "[UNK]", ["pad_token"] = "[PAD]", ["mask_token"] = "[MASK]",
            },
            Layout = static roles => roles is { Cls: { } cls, Sep: { } sep } ? PostProcessor.Bert(cls, sep) : null,
        },
        new()
        {
            Names = ["Qwen2Tokenizer"],
            ModelTypes = ["qwen2", "qwen2_moe", "qwen3", "qwen3_moe"],
            Roles = new Dictionary<string, string> { ["eos_token"] = End, ["unk_token"] = End, ["pad_token"] = End },
            Normalizer = new UnicodeNormalizer(compose: true, compatibility: false),
            Pattern = QwenPattern,
        },
        new()
        {
            Names = ["CLIPTokenizer"],
            ModelTypes = ["clip", "clip_text_model"],
            Roles = new Dictionary<string, string>
            {
                ["bos_token"] = "<|startoftext|>", ["eos_token"] = End, ["unk_token"] = End, ["pad_token"] = End,
            },
            Normalizer = new SequenceNormalizer([new UnicodeNormalizer(compose: true, compatibility: false),
                new ReplaceNormalizer(new RegexPattern(@"\s+", "CLIPTokenizer", "normalizer"), " "), new LowercaseNormalizer()]),
            Pattern = ClipPattern,
            DropsRest = true,
            Suffix = "</w>",
            Layout = static roles => roles is { Bos: { } bos, Eos: { } eos }
                ? PostProcessor.Roberta(bos, eos, trimOffsets: false)
                : null,
        },
    ];

    /// <summary>Names of classes that do the same, without <c>Fast</c>.</summary>
    public required string[] Names { get; init; }

    /// <summary>Values of <c>model_type</c> in <c>config.json</c> that stand for it where no class is named.</summary>
    public required string[] ModelTypes { get; init; }

    /// <summary>Tokens by role where the files do not say.</summary>
    public required IReadOnlyDictionary<string, string> Roles { get; init; }

    /// <summary>Whether a beginning of sequence is added where the files do not say.</summary>
    public bool AddBos { get; init; }

    /// <summary>Whether a blank is put in front where the files do not say.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>What is done to text before it is cut.</summary>
    public INormalizer? Normalizer { get; init; }

    /// <summary>The expression words are cut with; null for GPT-2's.</summary>
    public string? Pattern { get; init; }

    /// <summary>What the expression does not match is dropped.</summary>
    public bool DropsRest { get; init; }

    /// <summary>What the vocabulary writes behind the last character of a word.</summary>
    public string Suffix { get; init; } = "";

    /// <summary>The tokens around a text, from those with a role; null for those that <c>add_bos_token</c> asks for.</summary>
    public Func<SpecialTokens, PostProcessor?>? Layout { get; init; }

    /// <summary>The class that a config names, or that the vocabulary shows.</summary>
    /// <exception cref="TokenizerFormatException">There is none, or it is not one of these.</exception>
    public static BpeClass Of(TokenizerConfig? config, Vocabulary vocabulary, string file)
    {
        string known = string.Join(", ", All.SelectMany(c => c.Names));
        if (config?.Class is { Length: > 0 } name)
        {
            return All.FirstOrDefault(c => c.Names.Contains(name)) ?? throw new TokenizerFormatException(file, "tokenizer_class",
                $"{name} reads vocab.json and merges.txt in a way that is not known here (known: {known}); "
                + "add a tokenizer.json, as transformers writes it with save_pretrained.");
        }

        if (config?.ModelType is { Length: > 0 } type)
        {
            return All.FirstOrDefault(c => c.ModelTypes.Contains(type)) ?? throw new TokenizerFormatException(file, "model_type",
                $"no tokenizer_class is named, and what a {type} makes of vocab.json and merges.txt is not known here; name one "
                + $"of {known} in tokenizer_config.json, or add a tokenizer.json.");
        }

        bool gpt2 = vocabulary.TryGetId(End, out _) && !vocabulary.TryGetId("<s>", out _)
            && !vocabulary.TryGetId("<|startoftext|>", out _);
        return gpt2 ? All[0] : throw new TokenizerFormatException(file, "tokenizer_class",
            $"nothing says whose vocab.json and merges.txt these are; name one of {known} as tokenizer_class in "
                + "tokenizer_config.json.");
    }

    /// <summary>The pre-tokenizer.</summary>
    public IPretokenizer Pretokenizer(bool addPrefixSpace) =>
        Pattern is null ? new ByteLevelPretokenizer(addPrefixSpace, useRegex: true)
            : new SequencePretokenizer(
            [
                new SplitPretokenizer(PatternReader.Regex(Pattern, Names[0], "pattern"),
                    DropsRest ? SplitBehavior.Removed : SplitBehavior.Isolated, invert: DropsRest),
                new ByteLevelPretokenizer(addPrefixSpace, useRegex: false),
            ]);

    /// <summary>The decoder; a suffix becomes a blank, and blanks at both ends go.</summary>
    public IDecoder Decoder() => Suffix.Length == 0 ? new ByteLevelDecoder() : new SequenceDecoder(
    [
        new ReplaceDecoder(new LiteralPattern(Suffix), ByteAlphabet.All[' '].ToString()), new ByteLevelDecoder(),
        new StripDecoder(' ', int.MaxValue, int.MaxValue),
    ]);
}
