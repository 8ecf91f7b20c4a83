using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Unigram tokenizers between <c>tokenizer.json</c> and GGUF (kind <c>t5</c>). A file has one table of replacements and two flags
/// for blanks, where <c>tokenizer.json</c> has chains of normalizers and pre-tokenizers.
/// </summary>
internal static class UnigramConversion
{
    private const string Prefix = "tokenizer.ggml.";
    private const string Visible = "\u2581";
    private const float Unused = -10000; // what converters write

    /// <summary>Ways to treat blanks, tried in turn: one in front, and whether runs of them become one.</summary>
    public static IEnumerable<IReadOnlyDictionary<string, object>> Variants { get; } =
    [
        new Dictionary<string, object> { [Prefix + "add_space_prefix"] = true, [Prefix + "remove_extra_whitespaces"] = true },
        new Dictionary<string, object> { [Prefix + "add_space_prefix"] = true, [Prefix + "remove_extra_whitespaces"] = false },
        new Dictionary<string, object> { [Prefix + "add_space_prefix"] = false, [Prefix + "remove_extra_whitespaces"] = false },
    ];

    /// <summary>Adds the keys of the kind <c>t5</c>.</summary>
    /// <param name="keys">What all kinds have in common.</param>
    /// <param name="root">The tokenizer.json.</param>
    /// <param name="source">The tokenizer it describes.</param>
    /// <param name="file">The name of the file, for messages.</param>
    /// <exception cref="TokenizerFormatException">A normalizer has no key.</exception>
    public static void AddKeys(Dictionary<string, object> keys, JsonElement root, Tokenizer source, string file)
    {
        string[] tokens = (string[])keys[Prefix + "tokens"];
        int[] types = (int[])keys[Prefix + "token_type"];
        float[] scores = [.. Enumerable.Repeat(Unused, tokens.Length)];
        JsonElement model = root.GetProperty("model");
        int id = 0;
        foreach (JsonElement row in model.GetProperty("vocab").EnumerateArray())
            scores[id++] = row[1].GetSingle();
        if (source.UnkId is { } unknown)
            types[unknown] = 2;
        if (model.TryGetProperty("byte_fallback", out JsonElement bytes) && bytes.ValueKind == JsonValueKind.True)
        {
            throw new TokenizerFormatException(file, "model.byte_fallback",
                "is true; GGUF files of Unigram spell no unknown characters in bytes. Keep the folder for this model.");
        }
        keys[Prefix + "model"] = "t5";
        keys[Prefix + "pre"] = "default";
        keys[Prefix + "scores"] = scores;
        if (root.TryGetProperty("normalizer", out JsonElement normalizer) && Charsmap(normalizer, file) is { Length: > 0 } map)
            keys[Prefix + "precompiled_charsmap"] = map;
    }

    /// <summary>The parts of a <c>tokenizer.json</c> but its added tokens and post-processor.</summary>
    /// <param name="metadata">The keys of the file.</param>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="types">Their kinds.</param>
    /// <param name="source">The tokenizer of the file.</param>
    public static JsonObject Json(IReadOnlyDictionary<string, object> metadata, string[] tokens, int[] types, Tokenizer source)
    {
        float[] scores = metadata.GetValueOrDefault(Prefix + "scores") as float[] ?? new float[tokens.Length];
        float lowest = Enumerable.Range(0, tokens.Length).Where(id => types[id] == 1).Select(id => scores[id])
            .DefaultIfEmpty(0).Min();
        bool merge = metadata.GetValueOrDefault(Prefix + "remove_extra_whitespaces") is true;
        bool prefix = metadata.GetValueOrDefault(Prefix + "add_space_prefix") is true || merge;
        JsonArray steps = [];
        if (Bytes(metadata.GetValueOrDefault(Prefix + "precompiled_charsmap")) is { Length: > 0 } map)
        {
            // Precompiled goes by grapheme, of which a line end of two characters is one; files go character by character.
            const string LineEnd = "\r\n";
            string separate = new CharsmapNormalizer(map, "GGUF metadata", Prefix + "precompiled_charsmap").Replace(LineEnd);
            if (separate != new CharsmapNormalizer(map, "GGUF metadata", Prefix + "precompiled_charsmap",
                byGrapheme: true).Replace(LineEnd))
            {
                steps.Add((JsonNode)TokenizerJsonExport.Replace(LineEnd, separate));
            }
            steps.Add((JsonNode)new JsonObject
            {
                ["type"] = "Precompiled",
                ["precompiled_charsmap"] = Convert.ToBase64String(map),
            });
        }

        if (merge)
        {
            foreach ((string pattern, string content) in (ReadOnlySpan<(string, string)>)[(@"\A +", ""), (@" +\z", ""),
                (" {2,}", " ")])
            {
                steps.Add((JsonNode)new JsonObject
                {
                    ["type"] = "Replace",
                    ["pattern"] = new JsonObject { ["Regex"] = pattern },
                    ["content"] = content,
                });
            }
        }

        if (prefix)
            steps.Add((JsonNode)new JsonObject { ["type"] = "Prepend", ["prepend"] = Visible });
        steps.Add((JsonNode)TokenizerJsonExport.Replace(" ", Visible));

        // Pieces of no kind that is written must not become the cheapest: what is unknown costs less than the cheapest piece.
        double Score(int id) => types[id] switch { 1 => scores[id], 4 => 0, _ => Math.Max(scores[id], lowest) };
        return new JsonObject
        {
            ["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = steps },
            ["pre_tokenizer"] = null,
            ["decoder"] = TokenizerJsonExport.SpacesDecoder(prefix),
            ["model"] = new JsonObject
            {
                ["type"] = "Unigram",
                ["unk_id"] = source.UnkId,
                ["byte_fallback"] = false,
                ["vocab"] = new JsonArray([.. tokens.Select((token, id) => (JsonNode)new JsonArray(token, Score(id)))]),
            },
        };
    }

    /// <summary>
    /// The table of replacements of a normalizer; steps that treat blanks alone are left to <see cref="Variants"/>.
    /// </summary>
    private static byte[]? Charsmap(JsonElement node, string file)
    {
        if (node.ValueKind != JsonValueKind.Object)
            return null;
        string type = node.GetProperty("type").GetString() ?? "";
        switch (type)
        {
            case "Precompiled":
                return node.GetProperty("precompiled_charsmap") is { ValueKind: JsonValueKind.String } map
                    ? map.GetBytesFromBase64()
                    : null;
            case "Sequence":
                byte[]? found = null;
                foreach (JsonElement step in node.GetProperty("normalizers").EnumerateArray())
                    found = Charsmap(step, file) ?? found;
                return found;
            case "Strip" or "Prepend" or "Replace":
                return null; // if it does more than blanks, the probe texts find it out
            default:
                throw new TokenizerFormatException(file, "normalizer",
                    $"has a step {type}, for which GGUF files of Unigram have no key. Keep the folder for this model.");
        }
    }

    private static byte[]? Bytes(object? value) => value switch
    {
        null => null,
        sbyte[] signed when value.GetType() == typeof(sbyte[]) => [.. signed.Select(b => unchecked((byte)b))],
        byte[] bytes => bytes,
        _ =>
            throw new TokenizerFormatException("GGUF metadata", Prefix + "precompiled_charsmap",
                "is no array of bytes; convert the model again."),
    };
}
