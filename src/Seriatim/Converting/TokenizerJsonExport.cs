using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Turns the tokenizer keys of a GGUF file into a <c>tokenizer.json</c>. What comes out is read back
/// and must give the same ids on probe texts.
/// </summary>
internal static class TokenizerJsonExport
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>The file, UTF-8.</summary>
    /// <exception cref="TokenizerFormatException">The kind of tokenizer is not converted, or would read other text.</exception>
    public static byte[] Write(IReadOnlyDictionary<string, object> metadata)
    {
        Tokenizer source = Tokenizer.FromGguf(metadata);
        string[] tokens = (string[])metadata[Prefix + "tokens"];
        int[] types = metadata.GetValueOrDefault(Prefix + "token_type") as int[] ?? [.. tokens.Select(_ => 1)];
        JsonObject json = (metadata.GetValueOrDefault(Prefix + "model") as string) switch
        {
            "llama" => Llama(metadata, tokens, source),
            "gpt2" => Gpt2(metadata, tokens),
            "bert" => WordPieceConversion.Json(metadata, tokens = WordPieceConversion.Spelled(tokens, types), source),
            "t5" => UnigramConversion.Json(metadata, tokens, types, source),
            var other => throw Refused($"holds a tokenizer of kind {other}; llama, gpt2, bert and t5 are converted"),
        };
        json["version"] = "1.0";
        json["added_tokens"] = Added(tokens, types);
        if (!json.ContainsKey("post_processor"))
            json["post_processor"] = PostProcessor(source);
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        if (!GgufTokenizerExport.Agree(source, Tokenizer.FromJson(bytes)))
        {
            throw Refused("gives other tokens than any tokenizer.json this version writes; a converted model would read other "
                + "text than this one");
        }
        return bytes;
    }

    private static JsonObject Llama(IReadOnlyDictionary<string, object> metadata, string[] tokens, Tokenizer source)
    {
        float[] scores = metadata.GetValueOrDefault(Prefix + "scores") as float[] ?? throw Refused("has no scores");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < tokens.Length; id++)
            ids.TryAdd(tokens[id], id);

        // SentencePiece joins the pair whose whole has the best score: every way to cut a piece in two is a merge of its rank.
        var merges = new List<(float Score, int Id, string Left, string Right)>();
        for (int id = 0; id < tokens.Length; id++)
        {
            for (int cut = 1; cut < tokens[id].Length; cut++)
            {
                (string left, string right) = (tokens[id][..cut], tokens[id][cut..]);
                if (ids.ContainsKey(left) && ids.ContainsKey(right))
                    merges.Add((scores[id], id, left, right));
            }
        }

        bool prefix = metadata.GetValueOrDefault(Prefix + "add_space_prefix") is not false;
        JsonNode replace = Replace(" ", "\u2581");
        string? scheme = metadata.GetValueOrDefault(GgufTokenizer.PrependKey) as string;
        return new JsonObject
        {
            ["normalizer"] = scheme is not null ? null : prefix
                ? Sequence("normalizers", new JsonObject { ["type"] = "Prepend", ["prepend"] = "\u2581" }, replace)
                : replace,
            ["pre_tokenizer"] = scheme is null ? null
                : new JsonObject
                {
                    ["type"] = "Metaspace",
                    ["replacement"] = "\u2581",
                    ["prepend_scheme"] = scheme,
                    ["split"] = false,
                },
            ["decoder"] = SpacesDecoder(prefix),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = source.UnkId is { } unknown ? tokens[unknown] : null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = Vocabulary(tokens),
                ["merges"] = new JsonArray([.. merges.OrderByDescending(m => m.Score).ThenBy(m => m.Id)
                    .Select(m => (JsonNode)new JsonArray(m.Left, m.Right))]),
            },
        };
    }

    /// <summary>What undoes visible blanks and byte tokens.</summary>
    /// <param name="prefix">Whether a blank was put in front of the text.</param>
    internal static JsonObject SpacesDecoder(bool prefix) => Sequence("decoders",
        [Replace("\u2581", " "), new JsonObject { ["type"] = "ByteFallback" }, new JsonObject { ["type"] = "Fuse" },
        .. prefix ? [new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 }]
            : Array.Empty<JsonNode>()]);

    private static JsonObject Gpt2(IReadOnlyDictionary<string, object> metadata, string[] tokens)
    {
        string name = metadata.GetValueOrDefault(Prefix + "pre") as string ?? "default";
        NamedPretokenizers.Entry pre = NamedPretokenizers.Find(name)
            ?? throw Refused($"names the pre-tokenizer {name}, which is not known");
        string[] merges = (string[])metadata[Prefix + "merges"];
        return new JsonObject
        {
            ["normalizer"] = metadata.GetValueOrDefault(GgufTokenizer.NormalizerKey) is string form
                ? new JsonObject { ["type"] = form }
                : null,
            ["pre_tokenizer"] = PretokenizerDefinition.Write(
                [.. pre.Expressions(metadata.GetValueOrDefault(GgufTokenizer.IgnoreCaseKey) is true)]),
            ["decoder"] = new JsonObject
            {
                ["type"] = "ByteLevel",
                ["add_prefix_space"] = false,
                ["trim_offsets"] = true,
                ["use_regex"] = true,
            },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["ignore_merges"] = pre.IgnoreMerges,
                ["vocab"] = Vocabulary(tokens),
                ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)m)]),
            },
        };
    }

    /// <summary>A vocabulary as pieces with their ids.</summary>
    internal static JsonObject Vocabulary(string[] tokens)
    {
        var vocabulary = new JsonObject();
        for (int id = 0; id < tokens.Length; id++)
            vocabulary[tokens[id]] = id;
        return vocabulary;
    }

    private static JsonArray Added(string[] tokens, int[] types) =>
        new([.. Enumerable.Range(0, tokens.Length).Where(id => types[id] is 2 or 3 or 4).Select(id =>
            (JsonNode)new JsonObject
            {
                ["id"] = id,
                ["content"] = tokens[id],
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = types[id] != 4,
            })]);

    /// <summary>What stands around a text: the ids the tokenizer adds, as a template.</summary>
    private static JsonObject? PostProcessor(Tokenizer source)
    {
        int[] plain = source.Encode("a", addSpecialTokens: false);
        int[] dressed = source.Encode("a");
        int before = dressed.AsSpan().IndexOf(plain);
        if (before < 0 || dressed.Length == plain.Length)
            return null;
        JsonNode[] Part(IEnumerable<int> ids) =>
            [
                .. ids.Select(id =>
                    new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = source.PieceOf(id), ["type_id"] = 0 } })];
        int[] around = [.. dressed[..before], .. dressed[(before + plain.Length)..]];
        var special = new JsonObject();
        foreach (int id in around.Distinct())
        {
            string piece = source.PieceOf(id);
            special[piece] = new JsonObject { ["id"] = piece, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(piece) };
        }

        JsonNode[] One(string which) =>
            [.. Part(dressed[..before]), new JsonObject { ["Sequence"] = new JsonObject { ["id"] = which, ["type_id"] = 0 } },
                .. Part(dressed[(before + plain.Length)..])];
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(One("A")),
            ["pair"] = new JsonArray([.. One("A"), .. One("B")]),
            ["special_tokens"] = special,
        };
    }

    private static JsonObject Sequence(string name, params JsonNode[] parts) =>
        new() { ["type"] = "Sequence", [name] = new JsonArray(parts) };

    /// <summary>A step that replaces a text.</summary>
    internal static JsonObject Replace(string from, string to) =>
        new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = from }, ["content"] = to };

    private static TokenizerFormatException Refused(string problem) => new("GGUF metadata", Prefix + "model", problem + ".");
}
