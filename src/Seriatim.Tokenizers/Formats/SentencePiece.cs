using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Reads the <c>.model</c> files of SentencePiece (sentencepiece_model.proto): Unigram, BPE, word and char.</summary>
internal static class SentencePiece
{
    private enum Kind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    private readonly record struct Piece(string Text, float Score, Kind Kind);

    /// <summary>What the trainer and normalizer parts of the file say.</summary>
    private sealed class Settings
    {
        public int ModelType { get; set; } = 1;

        public bool ByteFallback { get; set; }

        public bool SpaceAsSuffix { get; set; }

        public int UnkId { get; set; }

        public int BosId { get; set; } = 1;

        public int EosId { get; set; } = 2;

        public int PadId { get; set; } = -1;

        public byte[] Charsmap { get; set; } = [];

        public bool AddDummyPrefix { get; set; } = true;

        public bool RemoveExtraWhitespaces { get; set; } = true;

        public bool EscapeWhitespaces { get; set; } = true;

        public string UnkSurface { get; set; } = " \u2047 ";
    }

    /// <summary>The decoder that undoes visible spaces, byte tokens and the blank in front.</summary>
    public static IDecoder Decoder(bool prefix)
    {
        var steps = new List<IDecoder>
        {
            new ReplaceDecoder(new LiteralPattern("\u2581"), " "), new ByteFallbackDecoder(), new FuseDecoder(),
        };
        if (prefix)
        {
            steps.Add(new StripDecoder(' ', 1, 0));
        }

        return new SequenceDecoder(steps);
    }

    /// <summary>Reads a file.</summary>
    public static TokenizerPipeline Read(ReadOnlySpan<byte> bytes, string file, TokenizerConfig? config)
    {
        (List<Piece> pieces, Settings settings) = Parse(bytes, file);
        return Build(pieces, settings, file, config);
    }

    /// <summary>What a file says, for writing it in another format.</summary>
    public static SentencePieceContents ReadContents(ReadOnlySpan<byte> bytes, string file)
    {
        (List<Piece> pieces, Settings settings) = Parse(bytes, file);
        return new SentencePieceContents
        {
            Pieces = [.. pieces.Select(piece => piece.Text)],
            Scores = [.. pieces.Select(piece => piece.Score)],
            Kinds = [.. pieces.Select(piece => (int)piece.Kind)],
            IsUnigram = settings.ModelType == 1,
            ByteFallback = settings.ByteFallback,
            Charsmap = settings.Charsmap,
            AddDummyPrefix = settings.AddDummyPrefix,
            RemoveExtraWhitespaces = settings.RemoveExtraWhitespaces,
            SpaceAsSuffix = settings.SpaceAsSuffix,
        };
    }

    private static (List<Piece> Pieces, Settings Settings) Parse(ReadOnlySpan<byte> bytes, string file)
    {
        var pieces = new List<Piece>();
        var settings = new Settings();
        var reader = new ProtobufReader(bytes, file);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    pieces.Add(ReadPiece(reader.Bytes(), file, pieces.Count));
                    break;
                case 2:
                    ReadTrainer(reader.Bytes(), file, settings);
                    break;
                case 3:
                    ReadNormalizer(reader.Bytes(), file, settings);
                    break;
            }
        }

        if (pieces.Count == 0)
        {
            throw new TokenizerFormatException(file, "pieces", "there are none; this is not a SentencePiece model.");
        }

        if (!settings.EscapeWhitespaces)
        {
            throw new TokenizerFormatException(file, "normalizer_spec.escape_whitespaces",
                "false is not supported; report it so that it can be added.");
        }

        return (pieces, settings);
    }

    private static TokenizerPipeline Build(List<Piece> pieces, Settings settings, string file, TokenizerConfig? config)
    {
        var vocabulary = new Vocabulary(pieces.Select((piece, id) => new KeyValuePair<string, int>(piece.Text, id)).ToArray(),
            file, "pieces");
        int? InRange(int id) => id >= 0 && id < pieces.Count ? id : null;
        int? unk = pieces.FindIndex(piece => piece.Kind == Kind.Unknown) is >= 0 and var found ? found : InRange(settings.UnkId);
        bool prefix = settings.AddDummyPrefix && config?.AddPrefixSpace != false;

        // A class of transformers has its own ways with the unknown token; a file by itself means what SentencePiece does.
        bool byItself = string.IsNullOrEmpty(config?.Class);
        PieceTrie? symbols = Symbols(pieces);
        INormalizer spaces = new SpaceNormalizer(prefix, settings.SpaceAsSuffix, settings.RemoveExtraWhitespaces);
        var pipeline = new TokenizerPipeline
        {
            Model = Model(pieces, settings, vocabulary, unk, symbols, file),
            Normalizer = settings.Charsmap.Length == 0 ? spaces
                : new SequenceNormalizer([new CharsmapNormalizer(settings.Charsmap, file,
                    "normalizer_spec.precompiled_charsmap", symbols: symbols), spaces]),
            Decoder = new SequenceDecoder([.. prefix || settings.RemoveExtraWhitespaces
                ? new IDecoder[] { new SentencePieceDecoder(settings.RemoveExtraWhitespaces) } : [], Decoder(prefix: false)]),
            AddedTokens = Added(pieces, config, byItself),
            UnkSurface = byItself ? settings.UnkSurface : null,
            SpecialTokens = new SpecialTokens
            {
                Unk = unk,
                Bos = InRange(settings.BosId),
                Eos = InRange(settings.EosId),
                Pad = InRange(settings.PadId),
            },
        };
        if (config is null)
        {
            return pipeline;
        }

        // The classes of transformers decide what is added where the config does not say.
        pipeline = config.Apply(pipeline);
        bool llama = config.Class.StartsWith("Llama", StringComparison.Ordinal) || config.Class.StartsWith("Gemma",
            StringComparison.Ordinal);
        bool bos = config.AddBos ?? llama;
        bool eos = config.AddEos ?? config.Class.StartsWith("T5", StringComparison.Ordinal);
        return pipeline with
        {
            PostProcessor = PostProcessor.Around(bos && pipeline.SpecialTokens.Bos is { } b ? [b] : [],
                eos && pipeline.SpecialTokens.Eos is { } e ? [e] : []),
        };
    }

    /// <summary>The user-defined pieces; null if there are none.</summary>
    private static PieceTrie? Symbols(List<Piece> pieces)
    {
        var symbols = new PieceTrie();
        for (int id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Kind == Kind.UserDefined)
            {
                symbols.Add(pieces[id].Text, id);
            }
        }

        return symbols.Nodes > 1 ? symbols : null;
    }

    private static ITokenModel Model(List<Piece> pieces, Settings settings, Vocabulary vocabulary, int? unk, PieceTrie? symbols,
        string file)
    {
        int[]? bytes = settings.ByteFallback ? vocabulary.ByteTokens() : null;
        bool Matches(Piece piece) => piece.Kind is Kind.Normal or Kind.UserDefined or Kind.Unused;
        switch (settings.ModelType)
        {
            case 1:
                // What user-defined pieces score is SentencePiece's: by bytes, and the best
                // normal piece counts only if it is above 0.
                float best = pieces.Where(piece => piece.Kind == Kind.Normal).Select(piece => piece.Score)
                    .Append(float.MinValue).Max();
                best = Math.Max(best, 1.17549435e-38f);
                double[] scores = pieces.Select(piece => piece.Kind == Kind.UserDefined
                    ? (double)(Encoding.UTF8.GetByteCount(piece.Text) * best) - 0.1 : piece.Score).ToArray();
                return new UnigramModel(vocabulary, scores, id => Matches(pieces[id]) && pieces[id].Kind != Kind.Unused,
                    id => pieces[id].Kind == Kind.Normal, unk, bytes, single: true);
            case 2:
                var ranked = BpeBuilder.RankByScore(pieces.Where(piece => piece.Kind is Kind.Normal or Kind.Unused)
                    .Select(piece => (piece.Text, piece.Score)));
                BpeModel model = BpeBuilder.FromRanks(vocabulary, ranked,
                    new BpeOptions { UnkId = unk, FuseUnk = true, ByteTokens = bytes }, file);
                return symbols is null ? model : new UserDefinedModel(model, symbols);
            default:
                throw new TokenizerFormatException(file, "trainer_spec.model_type",
                    $"{settings.ModelType} (word or char) is not supported; use a Unigram or BPE model.");
        }
    }

    private static List<AddedToken> Added(List<Piece> pieces, TokenizerConfig? config, bool byItself)
    {
        var added = new List<AddedToken>();
        for (int id = 0; id < pieces.Count; id++)
        {
            // User-defined pieces are found by the model, after normalization and its blank in front.
            if (pieces[id].Kind == Kind.Control || (pieces[id].Kind == Kind.Unknown && !byItself))
            {
                added.Add(new AddedToken { Id = id, Content = pieces[id].Text, Special = true });
            }
        }

        if (config is not null)
        {
            added.RemoveAll(token => config.AddedTokens.Any(other => other.Id == token.Id));
            added.AddRange(config.AddedTokens);
        }

        return added;
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> bytes, string file, int index)
    {
        string text = "";
        float score = 0;
        var kind = Kind.Normal;
        var reader = new ProtobufReader(bytes, file);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    text = reader.Text();
                    break;
                case 2:
                    score = reader.Float();
                    break;
                case 3:
                    kind = (Kind)reader.Int();
                    break;
            }
        }

        return text.Length > 0 && !float.IsNaN(score) ? new Piece(text, score, kind)
            : throw new TokenizerFormatException(file, $"pieces[{index}]", "it has no text or no score; the file is damaged.");
    }

    private static void ReadTrainer(ReadOnlySpan<byte> bytes, string file, Settings settings)
    {
        var reader = new ProtobufReader(bytes, file);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3:
                    settings.ModelType = (int)reader.Int();
                    break;
                case 24:
                    settings.SpaceAsSuffix = reader.Int() != 0;
                    break;
                case 35:
                    settings.ByteFallback = reader.Int() != 0;
                    break;
                case 40:
                    settings.UnkId = (int)reader.Int();
                    break;
                case 41:
                    settings.BosId = (int)reader.Int();
                    break;
                case 42:
                    settings.EosId = (int)reader.Int();
                    break;
                case 43:
                    settings.PadId = (int)reader.Int();
                    break;
                case 44:
                    settings.UnkSurface = reader.Text();
                    break;
            }
        }
    }

    private static void ReadNormalizer(ReadOnlySpan<byte> bytes, string file, Settings settings)
    {
        var reader = new ProtobufReader(bytes, file);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    settings.Charsmap = reader.Bytes().ToArray();
                    break;
                case 3:
                    settings.AddDummyPrefix = reader.Int() != 0;
                    break;
                case 4:
                    settings.RemoveExtraWhitespaces = reader.Int() != 0;
                    break;
                case 5:
                    settings.EscapeWhitespaces = reader.Int() != 0;
                    break;
            }
        }
    }
}
