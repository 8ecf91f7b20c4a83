namespace Seriatim.Tokenizers;

/// <summary>
/// The pre-tokenizers that <c>tokenizer.ggml.pre</c> names: the expressions llama.cpp cuts with, one after another, and what else
/// the name decides. Facts of the GGUF format as of llama.cpp in 2025. The table serves both directions: of the names of a
/// row the first is the one that is written.
/// </summary>
internal static class NamedPretokenizers
{
    private const string Tail = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string Letters = @"|[^\r\n\p{L}\p{N}]?\p{L}+";
    private const string Symbols = @"| ?[^\s\p{L}\p{N}]+[\r\n]*";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
    private const string Llama3 = Contractions + Letters + @"|\p{N}{1,3}" + Symbols + Tail;
    private const string Qwen2 = Contractions + Letters + @"|\p{N}" + Symbols + Tail;
    private const string Qwen35 = Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + Tail;
    private const string Bloom = " ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+";
    private const string Cjk = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
    private const string Kana = "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";
    private const string Punctuated =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+";

    private const string DeepSeekWords = Punctuated + @"| ?[\p{P}\p{S}]+[\r\n]*" + Tail;
    private const string Jais2Spaces =
        @"|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)"
            + @"|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}";

    // A letter that is not a-z, or not A-Z: llama.cpp's stand-in for upper and lower case with everything caseless in both.
    private const string NotLower = @"((?=[\p{L}])([^a-z]))";
    private const string NotUpper = @"((?=[\p{L}])([^A-Z]))";
    private const string Lead = @"[^\r\n\p{L}\p{N}]?";
    private const string SlashTail = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Tail;
    private const string Gpt4o = Lead + NotLower + "*" + NotUpper + "+" + Contractions + "?|"
        + Lead + NotLower + "+" + NotUpper + "*" + Contractions + @"?|\p{N}{1,3}" + SlashTail;
    private const string Tekken =
        Lead + NotLower + "*" + NotUpper + "+|" + Lead + NotLower + "+" + NotUpper + "*" + @"|\p{N}" + SlashTail;
    private const string MarkedNotLower = @"((?=[\p{L}\p{M}])([^a-z]))";
    private const string MarkedNotUpper = @"((?=[\p{L}\p{M}])([^A-Z]))";
    private const string MarkedWords = Lead + MarkedNotLower + "*" + MarkedNotUpper + "+" + Contractions + "?|"
        + Lead + MarkedNotLower + "+" + MarkedNotUpper + "*" + Contractions + "?";

    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string CasedWords = Lead + Upper + "*" + Lower + "+" + Contractions + "?|" + Lead + Upper + "+" + Lower + "*"
        + Contractions + "?";

    private const string DeepSeekLetters = "\\s?[A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF"
        + "\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1"
        + "\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA"
        + "\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D"
        + "\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC"
        + "\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D"
        + "\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B"
        + "\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E"
        + "\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\U00010400-\U0001044F\U000104B0-\U000104D3"
        + "\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0-\U00010CF2\U000118A0-\U000118DF\U0001E900-\U0001E943]+";

    private static readonly Dictionary<string, Entry> Known = MakeKnown();

    /// <summary>What a name stands for.</summary>
    /// <param name="Patterns">
    /// The expressions, applied one after another, matches and what lies between them being pieces.
    /// </param>
    /// <param name="IgnoreMerges">A piece in the vocabulary is one token.</param>
    /// <param name="AddBos">A beginning of sequence is added unless the file says otherwise.</param>
    internal sealed record Entry(string[] Patterns, bool IgnoreMerges = false, bool AddBos = false)
    {
        /// <summary>The expressions, with contractions as spelled or ignoring case.</summary>
        public IEnumerable<string> Expressions(bool ignoreCase) =>
            ignoreCase ? Patterns.Select(PretokenizerDefinition.IgnoringCase) : Patterns;

        /// <summary>Makes the pre-tokenizer.</summary>
        /// <param name="ignoreCase">Whether contractions ignore case (<see cref="GgufTokenizer.IgnoreCaseKey"/>).</param>
        public IPretokenizer Create(bool ignoreCase)
        {
            var steps = new List<IPretokenizer>();
            foreach (string pattern in Expressions(ignoreCase))
            {
                TextPattern compiled = PatternReader.Regex(pattern, GgufMetadata.Source, "tokenizer.ggml.pre");
                steps.Add(new SplitPretokenizer(compiled, SplitBehavior.Isolated, false));
            }

            steps.Add(new ByteLevelPretokenizer(addPrefixSpace: false, useRegex: false));
            return new SequencePretokenizer(steps);
        }
    }

    /// <summary>All names.</summary>
    public static IEnumerable<string> Names => Known.Keys;

    /// <summary>Finds a name; null if it is unknown.</summary>
    public static Entry? Find(string name) => Known.GetValueOrDefault(name);

    /// <summary>
    /// The name that stands for expressions as <see cref="PretokenizerDefinition"/> writes them, and whether contractions ignore
    /// case there, which no name says; null if none does.
    /// </summary>
    public static (string Name, bool IgnoreCase)? NameOf(IReadOnlyList<string> patterns, bool ignoreMerges)
    {
        foreach (bool ignoreCase in (ReadOnlySpan<bool>)[false, true])
        {
            string? name = Known.FirstOrDefault(pair => pair.Key is not ("default" or "")
                && pair.Value.IgnoreMerges == ignoreMerges
                && pair.Value.Expressions(ignoreCase).Select(PretokenizerDefinition.Canonical)
                    .SequenceEqual(patterns, StringComparer.Ordinal)).Key;
            if (name is not null)
            {
                return (name, ignoreCase);
            }
        }

        return null;
    }

    private static Dictionary<string, Entry> MakeKnown()
    {
        var known = new Dictionary<string, Entry>(StringComparer.Ordinal);
        void Add(Entry entry, params string[] names)
        {
            foreach (string name in names)
            {
                known.Add(name, entry);
            }
        }

        Add(new Entry([@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"]), "default", "");
        Add(new Entry([Gpt2]), "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de",
            "a.x-4.0", "mellum", "modern-bert", "jina-v1-en", "jina-v2-code", "roberta-bpe", "mpt", "olmo", "jais", "exaone4",
            "trillion", "granite-docling");
        Add(new Entry([@"\p{N}", Gpt2]), "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone",
            "minerva-7b", "mellum2");
        Add(new Entry([Llama3], IgnoreMerges: true, AddBos: true), "llama-bpe", "llama3", "llama-v3", "falcon3",
            "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano");
        Add(new Entry([Llama3]), "dbrx", "smaug-bpe", "glm4", "chatglm-bpe");
        Add(new Entry([Qwen2]), "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "hunyuan", "megrez",
            "solar-open", "grok-2");
        Add(new Entry([Qwen35]), "qwen35");
        Add(new Entry([@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"]), "falcon");
        const string DeepSeekMarks = "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+";
        Add(new Entry(["[\r\n]", DeepSeekLetters, DeepSeekMarks, @"\s+$", Cjk, @"\p{N}+"]), "deepseek-llm");
        Add(new Entry(["[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", Cjk, @"\p{N}"]), "deepseek-coder");
        Add(new Entry([@"\p{N}{1,3}", Kana, DeepSeekWords]), "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4");
        Add(new Entry([@"\p{N}{1,3}", Kana, Punctuated + @"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+", @"\p{N}"]), "spark2_5");
        Add(new Entry([Letters[1..] + @"|\p{N}" + Symbols + Tail]), "ufakzeka");
        Add(new Entry([@"[^\n]+|[\n]+", Qwen2]), "laguna");
        Add(new Entry([Contractions + Letters + @"|\p{N}{1,3}" + Symbols + Jais2Spaces]), "jais-2");
        const string Youtu = "[\uAC00-\uD7A3\u3131-\u318E]+"
            + "|[\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-\u303F\uFE30-\uFE4F]+"
            + "|[\u3105-\u312F]+|" + Kana;
        Add(new Entry([Youtu, CasedWords + @"|\p{N}" + SlashTail], IgnoreMerges: true), "youtu");
        Add(new Entry([MarkedWords + @"|\p{N}{1,3}" + SlashTail], IgnoreMerges: true), "granite-embed-multi-97m");
        Add(new Entry([Bloom]), "poro-chat", "bloom", "gpt3-finnish");
        Add(new Entry([Bloom, @"\p{N}"]), "viking");
        Add(new Entry([Tekken], IgnoreMerges: true, AddBos: true), "tekken");
        Add(new Entry([Gpt4o]), "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2");
        Add(new Entry([@"\d{1,3}(?=(?:\d{3})*\b)", CasedWords + @"|\p{N}{1,3}" + SlashTail]), "tiny_aya", "cohere2moe");
        Add(new Entry([@"\p{N}+", @"(?=(\d{3})+(?!\d))"]), "superbpe");
        const string Bailing = "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])";
        Add(new Entry([Bailing + Letters + @"|\p{N}" + Symbols + @"|\s*[\r\n]|\s+(?!\S)|\s+"]), "bailingmoe",
            "bailingmoe2", "llada-moe");
        Add(new Entry([Contractions + Letters + @"|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + Tail]), "seed-coder");
        Add(new Entry([@"\p{N}{1,3}", Contractions + Letters + @"|\p{N}+" + Symbols + Tail], IgnoreMerges: true), "minicpm5");
        Add(new Entry([Contractions + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?"
            + @"|\s*[\r\n]|\s+(?!\S)|\s+"]), "exaone-moe");
        Add(new Entry(["<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\\t\\n]|    |  )", @"\p{N}",
            @"[\p{P}!-/:-@\[-`{-~]", Gpt2], AddBos: true), "chameleon");
        return known;
    }
}
