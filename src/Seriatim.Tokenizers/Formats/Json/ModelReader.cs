namespace Seriatim.Tokenizers;

/// <summary>Reads the <c>model</c> of a <c>tokenizer.json</c>.</summary>
internal static class ModelReader
{
    /// <summary>Reads a model.</summary>
    public static ITokenModel Read(SourceNode node)
    {
        if (!node.Exists)
        {
            throw node.Error("is missing");
        }

        // Files of before 2020 do not name the model's type; what they hold tells it.
        string type = node["type"].Text(node["merges"].Exists ? "BPE" : node["continuing_subword_prefix"].Exists ? "WordPiece"
            : node["unk_id"].Exists ? "Unigram" : "WordLevel");
        return type switch
        {
            "BPE" => Bpe(node),
            "Unigram" => Unigram(node),
            "WordPiece" => WordPiece(node),
            "WordLevel" => WordLevel(node),
            _ => throw node.Unknown("model", type),
        };
    }

    private static Vocabulary ReadVocabulary(SourceNode node)
    {
        var entries = new List<KeyValuePair<string, int>>();
        foreach ((string piece, SourceNode id) in node.Members())
        {
            entries.Add(new(piece, id.Int()));
        }

        return new Vocabulary(entries, node.File, node.Path);
    }

    private static BpeModel Bpe(SourceNode node)
    {
        Vocabulary vocabulary = ReadVocabulary(node["vocab"]);
        var merges = new List<(string, string)>();
        foreach (SourceNode merge in node["merges"].Items())
        {
            merges.Add(Merge(merge));
        }

        var options = new BpeOptions
        {
            UnkId = Unknown(node, vocabulary, required: false),
            FuseUnk = node["fuse_unk"].Flag(false),
            ByteTokens = node["byte_fallback"].Flag(false) ? vocabulary.ByteTokens() : null,
            IgnoreMerges = node["ignore_merges"].Flag(false),
            Prefix = node["continuing_subword_prefix"].Text(""),
            Suffix = node["end_of_word_suffix"].Text(""),
        };
        return BpeBuilder.FromPairs(vocabulary, merges, options, lastWins: true, strict: true, node.File);
    }

    private static (string, string) Merge(SourceNode merge)
    {
        if (!merge.IsString)
        {
            return merge.Items().ToArray() is [var left, var right] ? (left.Text(), right.Text())
                : throw merge.Error("must be two pieces");
        }

        string text = merge.Text();
        int blank = text.IndexOf(' ', StringComparison.Ordinal);
        return blank > 0 && blank == text.LastIndexOf(' ') && blank < text.Length - 1
            ? (text[..blank], text[(blank + 1)..])
            : throw merge.Error($"\"{text}\" must be two pieces with one blank between them");
    }

    private static UnigramModel Unigram(SourceNode node)
    {
        var entries = new List<KeyValuePair<string, int>>();
        var scores = new List<double>();
        foreach (SourceNode row in node["vocab"].Items())
        {
            if (row.Items().ToArray() is not [var piece, var score])
            {
                throw row.Error("must be [piece, score]");
            }

            entries.Add(new(piece.Text(), entries.Count));
            scores.Add(score.Number());
        }

        var vocabulary = new Vocabulary(entries, node.File, node["vocab"].Path);
        int? unk = node["unk_id"].Exists ? node["unk_id"].Int() : null;
        if (unk is { } id && (id < 0 || id >= entries.Count))
        {
            throw node["unk_id"].Error($"{id} is not in the vocabulary of {entries.Count} pieces");
        }

        int[]? bytes = node["byte_fallback"].Flag(false) ? vocabulary.ByteTokens() : null;
        return new UnigramModel(vocabulary, scores.ToArray(), _ => true, _ => true, unk, bytes);
    }

    private static WordPieceModel WordPiece(SourceNode node)
    {
        Vocabulary vocabulary = ReadVocabulary(node["vocab"]);
        int most = node["max_input_chars_per_word"].Int(100);
        return new WordPieceModel(vocabulary, Unknown(node, vocabulary, required: true)!.Value,
            node["continuing_subword_prefix"].Text("##"), "", most);
    }

    private static WordLevelModel WordLevel(SourceNode node)
    {
        Vocabulary vocabulary = ReadVocabulary(node["vocab"]);
        return new WordLevelModel(vocabulary, Unknown(node, vocabulary, required: false));
    }

    private static int? Unknown(SourceNode node, Vocabulary vocabulary, bool required)
    {
        string token = node["unk_token"].Text(required ? "[UNK]" : "");
        if (token.Length == 0)
        {
            return null;
        }

        if (vocabulary.TryGetId(token, out int id))
        {
            return id;
        }

        return required ? throw node["unk_token"].Error($"\"{token}\" is not in the vocabulary") : null;
    }
}
