using System.Text.Json;
using System.Text.Json.Nodes;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// WordPiece tokenizers between <c>tokenizer.json</c> and GGUF. A file marks pieces that begin a word with a visible blank, where
/// <c>tokenizer.json</c> marks those that go on with <c>##</c>; and it has no longest word, where BERT takes 100 characters.
/// </summary>
internal static class WordPieceConversion
{
    private const string Prefix = "tokenizer.ggml.";
    private const string Start = "\u2581";
    private const string Usual = "##";

    /// <summary>Adds the keys of the kind <c>bert</c>.</summary>
    /// <param name="keys">What all kinds have in common.</param>
    /// <param name="root">The tokenizer.json.</param>
    /// <param name="source">The tokenizer it describes.</param>
    public static void AddKeys(Dictionary<string, object> keys, JsonElement root, Tokenizer source)
    {
        string[] tokens = (string[])keys[Prefix + "tokens"];
        int[] types = (int[])keys[Prefix + "token_type"];
        string mark = root.GetProperty("model").TryGetProperty("continuing_subword_prefix", out JsonElement own)
            ? own.GetString() ?? Usual
            : Usual;
        if (source.UnkId is { } unknown)
            types[unknown] = 3;
        for (int id = 0; id < tokens.Length; id++)
        {
            if (types[id] == 1)
            {
                tokens[id] = tokens[id].StartsWith(mark, StringComparison.Ordinal)
                    ? tokens[id][mark.Length..]
                    : Start + tokens[id];
            }
        }

        JsonElement normalizer = root.TryGetProperty("normalizer", out JsonElement found) ? found : default;
        bool lowercase = Flag(normalizer, "lowercase") ?? true;
        keys[Prefix + "model"] = "bert";
        keys[Prefix + "pre"] = "default";
        keys[Prefix + "normalizer.lowercase"] = lowercase;
        keys[Prefix + "normalizer.strip_accents"] = Flag(normalizer, "strip_accents") ?? lowercase;

        // Readers put the two around every text, whatever the flags say; the misspelled key is the one they know.
        int[] around = source.Encode("");
        if (around is not [var cls, var separator])
        {
            throw new TokenizerFormatException("tokenizer.json", "post_processor",
                $"puts {around.Length} tokens around a text; GGUF files of WordPiece put two.");
        }
        keys[Prefix + "add_bos_token"] = true;
        keys[Prefix + "add_eos_token"] = false;
        keys[Prefix + "add_sep_token"] = true;
        keys[Prefix + "bos_token_id"] = (uint)cls;
        keys[Prefix + "cls_token_id"] = (uint)cls;
        keys[Prefix + "seperator_token_id"] = (uint)separator;
        if (source.SpecialTokens.Mask is { } mask)
            keys[Prefix + "mask_token_id"] = (uint)mask;
    }

    /// <summary>The tokens as <c>tokenizer.json</c> spells them.</summary>
    public static string[] Spelled(string[] tokens, int[] types) => [.. tokens.Select((token, id) => types[id] != 1 ? token
        : token.StartsWith(Start, StringComparison.Ordinal) ? token[Start.Length..] : Usual + token)];

    /// <summary>The parts of a <c>tokenizer.json</c> but its added tokens.</summary>
    /// <param name="metadata">The keys of the file.</param>
    /// <param name="tokens">The result of <see cref="Spelled"/>.</param>
    /// <param name="source">The tokenizer of the file.</param>
    public static JsonObject Json(IReadOnlyDictionary<string, object> metadata, string[] tokens, Tokenizer source)
    {
        bool lowercase = metadata.GetValueOrDefault(Prefix + "normalizer.lowercase") is not false;
        SpecialTokens roles = source.SpecialTokens;
        JsonArray Named(int id) => new(tokens[id], id);
        return new JsonObject
        {
            ["normalizer"] = new JsonObject
            {
                ["type"] = "BertNormalizer",
                ["clean_text"] = true,
                ["handle_chinese_chars"] = true,
                ["strip_accents"] = metadata.GetValueOrDefault(Prefix + "normalizer.strip_accents") as bool? ?? lowercase,
                ["lowercase"] = lowercase,
            },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" },
            ["post_processor"] = roles is { Cls: { } cls, Sep: { } separator }
                ? new JsonObject { ["type"] = "BertProcessing", ["sep"] = Named(separator), ["cls"] = Named(cls) }
                : null,
            ["decoder"] = new JsonObject { ["type"] = "WordPiece", ["prefix"] = Usual, ["cleanup"] = true },
            ["model"] = new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = tokens[source.UnkId!.Value],
                ["continuing_subword_prefix"] = Usual,
                ["max_input_chars_per_word"] = int.MaxValue,
                ["vocab"] = TokenizerJsonExport.Vocabulary(tokens),
            },
        };
    }

    private static bool? Flag(JsonElement node, string name) =>
        node.ValueKind == JsonValueKind.Object && node.TryGetProperty(name, out JsonElement value)
            && value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : null;
}
