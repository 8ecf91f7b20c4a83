namespace Seriatim.Tokenizers;

/// <summary>
/// The tokenizer inside a GGUF file, as llama.cpp understands it: <c>llama</c> (SentencePiece BPE), <c>gpt2</c> (byte-level BPE
/// with
/// a named pre-tokenizer), <c>bert</c> (WordPiece) and <c>t5</c> (Unigram).
/// </summary>
internal static class GgufTokenizer
{
    /// <summary>
    /// A key of our own: the normal form (NFC) that text takes before it is cut. llama.cpp has no such key and cuts text as it
    /// comes, in the files of Qwen models, too.
    /// </summary>
    public const string NormalizerKey = "tokenizer.seriatim.normalizer";

    /// <summary>
    /// A key of our own: contractions ignore case, so that <c>'\u017F</c> (a long s) is
    /// one. llama.cpp spells them out without it.
    /// </summary>
    public const string IgnoreCaseKey = "tokenizer.seriatim.contractions_ignore_case";

    /// <summary>
    /// A key of our own: where a blank is put in front, <c>first</c> (of the whole text) or <c>always</c> (also behind special
    /// tokens), and only where none is. llama.cpp puts one in front of each part, whatever stands there.
    /// </summary>
    public const string PrependKey = "tokenizer.seriatim.prepend_scheme";

    private const string Prefix = "tokenizer.ggml.";

    /// <summary>Kinds of tokens in <c>tokenizer.ggml.token_type</c>.</summary>
    private enum Kind
    {
        Undefined,
        Normal,
        Unknown,
        Control,
        UserDefined,
        Unused,
        Byte,
    }

    /// <summary>Reads the metadata.</summary>
    public static TokenizerPipeline Read(IReadOnlyDictionary<string, object> pairs)
    {
        var metadata = new GgufMetadata(pairs);
        string model = metadata.Text(Prefix + "model", "");
        string[] tokens = metadata.Texts(Prefix + "tokens")
            ?? throw GgufMetadata.Error(Prefix + "tokens", "is missing");
        int[]? types = metadata.Integers(Prefix + "token_type");
        if (types is not null && types.Length < tokens.Length)
        {
            throw GgufMetadata.Error(Prefix + "token_type", $"has {types.Length} entries for {tokens.Length} tokens");
        }

        Kind[] kinds = tokens.Select((_, i) => types is null ? Kind.Normal : (Kind)types[i]).ToArray();
        var entries = tokens.Select((token, i) => new KeyValuePair<string, int>(token.Length == 0 ? $"[EMPTY_{i}]" : token,
            i)).ToArray();
        var vocabulary = new Vocabulary(entries, GgufMetadata.Source, Prefix + "tokens");
        TokenizerPipeline pipeline = model switch
        {
            "llama" => Llama(metadata, vocabulary),
            "gpt2" => Gpt2(metadata, vocabulary),
            "bert" => Bert(metadata, vocabulary),
            "t5" => T5(metadata, vocabulary, kinds),
            "" => throw GgufMetadata.Error(Prefix + "model", "is missing"),
            _ => throw GgufMetadata.Error(Prefix + "model", $"is \"{model}\", a kind of tokenizer that is not supported"),
        };
        var templates = metadata.TextsUnder("tokenizer.chat_template.").ToDictionary(pair => pair.Key, pair => pair.Value);
        string template = metadata.Text("tokenizer.chat_template", "");
        if (template.Length > 0)
        {
            templates["default"] = template;
        }

        return pipeline with
        {
            AddedTokens = Added(metadata, entries, kinds),
            ChatTemplate = template.Length > 0 ? template : null,
            NamedChatTemplates = templates,
        };
    }

    private static SpecialTokens Roles(GgufMetadata metadata, int size, int? bos = null, int? eos = null, int? unk = null,
        int? pad = null, int? sep = null, int? mask = null)
    {
        int? cls = metadata.Id(Prefix + "cls_token_id", size);
        return new SpecialTokens
        {
            Bos = metadata.Id(Prefix + "bos_token_id", size, cls ?? bos),
            Eos = metadata.Id(Prefix + "eos_token_id", size, eos),
            Unk = metadata.Id(Prefix + "unknown_token_id", size, unk),
            Pad = metadata.Id(Prefix + "padding_token_id", size, pad),

            // The misspelled key is what older converters wrote.
            Sep = metadata.Id(Prefix + "separator_token_id", size, null) ?? metadata.Id(Prefix + "seperator_token_id", size, sep),
            Mask = metadata.Id(Prefix + "mask_token_id", size, mask),
            Cls = cls,
            EndOfTurn = metadata.Id(Prefix + "eot_token_id", size),
        };
    }

    private static PostProcessor Around(GgufMetadata metadata, SpecialTokens roles, bool addBos, bool addEos) =>
        PostProcessor.Around(
        metadata.Flag(Prefix + "add_bos_token", addBos) && roles.Bos is { } bos ? [bos] : [],
        metadata.Flag(Prefix + "add_eos_token", addEos) && roles.Eos is { } eos ? [eos] : []);

    private static TokenizerPipeline Llama(GgufMetadata metadata, Vocabulary vocabulary)
    {
        float[] scores = Scores(metadata, vocabulary.Size);
        SpecialTokens roles = Roles(metadata, vocabulary.Size, bos: 1, eos: 2, unk: 0);
        bool prefix = metadata.Flag(Prefix + "add_space_prefix", true);
        var options = new BpeOptions { UnkId = roles.Unk, ByteTokens = vocabulary.ByteTokens(), PartialBytes = true };
        PrependScheme? scheme = metadata.Text(PrependKey, "") switch
        {
            "" => null,
            "first" => PrependScheme.First,
            "always" => PrependScheme.Always,
            var other => throw GgufMetadata.Error(PrependKey, $"is \"{other}\", which is neither first nor always"),
        };
        var ranked = BpeBuilder.RankByScore(vocabulary.Entries.Select(entry => (entry.Key, scores[entry.Value])));
        return new TokenizerPipeline
        {
            Model = BpeBuilder.FromRanks(vocabulary, ranked, options, GgufMetadata.Source),

            // llama.cpp reads remove_extra_whitespaces for this kind as well, but does not apply it.
            Normalizer = scheme is null ? new SpaceNormalizer(prefix, atEnd: false, merge: false) : null,
            Pretokenizer = scheme is { } own ? new MetaspacePretokenizer('\u2581', own, false) : null,
            Decoder = SentencePiece.Decoder(prefix),
            PostProcessor = Around(metadata, roles, addBos: true, addEos: false),
            SpecialTokens = roles,
        };
    }

    private static TokenizerPipeline Gpt2(GgufMetadata metadata, Vocabulary vocabulary)
    {
        string[] lines = metadata.Texts(Prefix + "merges") ?? throw GgufMetadata.Error(Prefix + "merges", "is missing");
        string name = metadata.Text(Prefix + "pre", "default");
        NamedPretokenizers.Entry pre = NamedPretokenizers.Find(name)
            ?? throw GgufMetadata.Error(Prefix + "pre", $"names the pre-tokenizer \"{name}\", which is not supported");
        var merges = new List<(string, string)>(lines.Length);
        foreach (string line in lines)
        {
            int blank = line.Length < 2 ? -1 : line.IndexOf(' ', 1);
            merges.Add(blank < 0 ? (line, "") : (line[..blank], line[(blank + 1)..]));
        }

        SpecialTokens roles = Roles(metadata, vocabulary.Size);
        var options = new BpeOptions { IgnoreMerges = pre.IgnoreMerges };
        return new TokenizerPipeline
        {
            Model = BpeBuilder.FromPairs(vocabulary, merges, options, lastWins: false, strict: false, GgufMetadata.Source),
            Normalizer = metadata.Text(NormalizerKey, "") switch
            {
                "" => null,
                "NFC" => new UnicodeNormalizer(compose: true, compatibility: false),
                var other => throw GgufMetadata.Error(NormalizerKey, $"is \"{other}\", which is not supported"),
            },
            Pretokenizer = pre.Create(metadata.Flag(IgnoreCaseKey, false)),
            Decoder = new ByteLevelDecoder(),
            PostProcessor = Around(metadata, roles, pre.AddBos, addEos: false),
            SpecialTokens = roles,
        };
    }

    private static TokenizerPipeline Bert(GgufMetadata metadata, Vocabulary vocabulary)
    {
        SpecialTokens roles = Roles(metadata, vocabulary.Size, bos: 101, unk: 100, pad: 0, sep: 102, mask: 103);
        int unk = roles.Unk ?? throw GgufMetadata.Error(Prefix + "unknown_token_id", "is missing");
        bool lowercase = metadata.Flag(Prefix + "normalizer.lowercase", true);
        return new TokenizerPipeline
        {
            Model = new WordPieceModel(vocabulary, unk, "", "\u2581", int.MaxValue),
            Normalizer = new BertNormalizer(true, true, metadata.Flag(Prefix + "normalizer.strip_accents", lowercase), lowercase),
            Pretokenizer = new SequencePretokenizer(
                [ClassPretokenizer.WhitespaceSplit, new ClassPretokenizer(ClassPretokenizer.IsPunctuation,
                    SplitBehavior.Isolated)]),
            Decoder = new MetaspaceDecoder('\u2581', stripFirst: true),
            PostProcessor = roles is { Bos: { } cls, Sep: { } sep } ? PostProcessor.Bert(cls, sep) : PostProcessor.None,
            SpecialTokens = roles with { Cls = roles.Cls ?? roles.Bos },
        };
    }

    private static TokenizerPipeline T5(GgufMetadata metadata, Vocabulary vocabulary, Kind[] kinds)
    {
        float[] scores = Scores(metadata, vocabulary.Size);
        SpecialTokens roles = Roles(metadata, vocabulary.Size, eos: 1, unk: 2, pad: 0);
        bool merge = metadata.Flag(Prefix + "remove_extra_whitespaces", false);
        bool atEnd = metadata.Flag(Prefix + "treat_whitespace_as_suffix", false);

        // As in llama.cpp, merging blanks puts one before the first word even where add_space_prefix is off.
        bool prefix = metadata.Flag(Prefix + "add_space_prefix", false) || merge;
        var spaces = new SpaceNormalizer(prefix, atEnd, merge);
        byte[] map = metadata.Bytes(Prefix + "precompiled_charsmap") ?? [];
        double[] values = kinds.Select((kind, i) => kind == Kind.UserDefined ? 0.0 : scores[i]).ToArray();
        return new TokenizerPipeline
        {
            Model = new UnigramModel(vocabulary, values, id => kinds[id] is Kind.Normal or Kind.UserDefined or Kind.Unused,
                id => kinds[id] == Kind.Normal, roles.Unk, null),
            Normalizer = map.Length == 0 ? spaces
                : new SequenceNormalizer([new CharsmapNormalizer(map, GgufMetadata.Source, Prefix + "precompiled_charsmap"),
                    spaces]),
            Decoder = SentencePiece.Decoder(prefix && !atEnd),
            PostProcessor = Around(metadata, roles, addBos: false, addEos: true),
            SpecialTokens = roles,
        };
    }

    private static float[] Scores(GgufMetadata metadata, int size)
    {
        float[] scores = metadata.Floats(Prefix + "scores") ?? new float[size];
        if (scores.Length < size)
        {
            throw GgufMetadata.Error(Prefix + "scores", $"has {scores.Length} entries for {size} tokens");
        }

        int bad = Array.FindIndex(scores, float.IsNaN);
        return bad < 0 ? scores : throw GgufMetadata.Error(Prefix + "scores", $"entry {bad} is not a number");
    }

    private static List<AddedToken> Added(GgufMetadata metadata, KeyValuePair<string, int>[] entries, Kind[] kinds)
    {
        // Files do not say which tokens strip white space; llama.cpp knows it by the names of the models.
        bool phi3 = new[] { "phi-3", "phi3" }.Any(metadata.Text("general.name", "").ToLowerInvariant().Contains);
        bool jina = metadata.Text(Prefix + "pre", "") is "jina-v2-de" or "jina-v2-es" or "jina-v2-code";
        var added = new List<AddedToken>();
        foreach ((string piece, int id) in entries)
        {
            if (kinds[id] is Kind.Control or Kind.Unknown or Kind.UserDefined)
            {
                added.Add(new AddedToken
                {
                    Id = id,
                    Content = piece,
                    Special = kinds[id] != Kind.UserDefined,
                    RightStrip = phi3 && piece is not ("<unk>" or "<s>" or "<|endoftext|>"),
                    LeftStrip = jina && piece == "<mask>",
                });
            }
        }

        return added;
    }
}
