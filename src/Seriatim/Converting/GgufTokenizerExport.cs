using System.Text.Json;
using Seriatim.Formats;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Turns a <c>tokenizer.json</c> (or a <c>tokenizer.model</c>, which says what GGUF says) into the tokenizer keys of a
/// GGUF file. The pre-tokenizer is found by its definition. What comes out is read back and must be the same: pieces,
/// special tokens, what stands around a text, and the ids of probe texts and of every piece. A tokenizer that the
/// format cannot express is refused by name.
/// </summary>
internal static class GgufTokenizerExport
{
    private const string Prefix = "tokenizer.ggml.";

    /// <summary>What a tokenizer must agree on with the one it was made from.</summary>
    internal static readonly string[] Probes =
    [
        "Hello world", " leading and  double   spaces ", "I'm sure they'll say it's WE'RE 12345 67, 8.9%",
        "line\nbreak\r\n\ttab\n\n end", "Zoë saw 7 big birds. \"Ω€ 😀", "我爱学习 中文 かな 한국어", "x=foo(bar[0])/*c*/;--y!=z",
        "café naïve ﬁ", "a", "",
    ];

    /// <summary>The keys, <c>tokenizer.*</c>.</summary>
    /// <param name="folder">A model folder.</param>
    /// <param name="vocabulary">Rows of the embedding; ids that the tokenizer does not know become unused tokens.</param>
    /// <param name="name">
    /// The name that the file will have (<c>general.name</c>): readers know by it that a Phi-3 strips blanks.
    /// </param>
    /// <exception cref="TokenizerFormatException">There is no tokenizer to convert, or GGUF cannot express it.</exception>
    public static Dictionary<string, object> Read(string folder, int vocabulary, string name = "")
    {
        string file = Path.Combine(folder, "tokenizer.json");
        string pieces = Path.Combine(folder, "tokenizer.model");
        if (!File.Exists(file) && !SentencePieceConversion.IsModel(pieces))
        {
            throw new TokenizerFormatException(folder, "tokenizer.json",
                "is missing, and there is no tokenizer.model; only these two are converted.");
        }
        Tokenizer source = Tokenizer.Load(folder);
        Dictionary<string, object> keys = Common(source, Math.Max(vocabulary, source.VocabularySize));
        IEnumerable<IReadOnlyDictionary<string, object>> variants = [new Dictionary<string, object>()];
        using JsonDocument json = Document(file);
        JsonElement model = json.RootElement.TryGetProperty("model", out JsonElement found) ? found : default;
        switch (TypeOf(model))
        {
            case "" or "BPE"
                when SentencePieceConversion.IsModel(pieces) && (model.ValueKind != JsonValueKind.Object || ByteFallback(model)):
                SentencePieceConversion.AddKeys(keys, pieces, source);
                AddPrepend(keys, json.RootElement);
                file = pieces;
                break;
            case "BPE" when ByteFallback(model):
                AddLlama(keys, model, source);
                AddPrepend(keys, json.RootElement);
                break;
            case "BPE":
                AddGpt2(keys, json.RootElement, model, file);
                break;
            case "WordPiece":
                WordPieceConversion.AddKeys(keys, json.RootElement, source);
                break;
            case "Unigram":
                UnigramConversion.AddKeys(keys, json.RootElement, source, file);
                variants = UnigramConversion.Variants;
                break;
            case var type:
                throw new TokenizerFormatException(file, "model.type",
                    $"is {type}; BPE, Unigram and WordPiece are converted. Keep the folder for this model.");
        }

        string? difference = null;
        foreach (IReadOnlyDictionary<string, object> variant in variants)
        {
            foreach ((string key, object value) in variant)
                keys[key] = value;
            Tokenizer back = Tokenizer.FromGguf(new Dictionary<string, object>(keys) { ["general.name"] = name });
            if (GgufTokenizerCheck.Difference(source, back, (string)keys[Prefix + "model"]) is not { } differs)
                return keys;
            difference ??= differs;
        }

        if (file == pieces && model.ValueKind == JsonValueKind.Object)
            throw SentencePieceConversion.Disagrees(pieces, difference!);
        throw new TokenizerFormatException(file, "normalizer, pre_tokenizer, post_processor or added_tokens",
            $"gives other tokens than any tokenizer that GGUF files can name: {difference}. A converted model would read other "
                + "text than this one; keep the folder.");
    }

    /// <summary>A tokenizer.json; an empty object where there is none.</summary>
    private static JsonDocument Document(string file)
    {
        if (!File.Exists(file))
            return JsonDocument.Parse("{}");
        byte[] bytes = File.ReadAllBytes(file);
        GitLfsPointer.ThrowIfPointer(file, bytes);
        return JsonDocument.Parse(LenientJson.WithoutMark(bytes));
    }

    private static string TypeOf(JsonElement model) => model.ValueKind != JsonValueKind.Object ? ""
        : model.TryGetProperty("type", out JsonElement kind) ? kind.GetString() ?? "" : "BPE";

    private static bool ByteFallback(JsonElement model) =>
        model.TryGetProperty("byte_fallback", out JsonElement flag) && flag.ValueKind == JsonValueKind.True;

    private static void AddGpt2(Dictionary<string, object> keys, JsonElement root, JsonElement model, string file)
    {
        foreach (string affix in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.TryGetProperty(affix, out JsonElement text) && text.ValueKind == JsonValueKind.String
                && text.GetString()!.Length > 0)
            {
                throw new TokenizerFormatException(file, $"model.{affix}",
                    $"is \"{text.GetString()}\"; GGUF files of BPE have no key for it. Keep the folder for this model.");
            }
        }

        if (root.TryGetProperty("normalizer", out JsonElement normalizer) && FormOf(normalizer, file) is { } form)
            keys[GgufTokenizer.NormalizerKey] = form;
        bool ignores = model.TryGetProperty("ignore_merges", out JsonElement flag) && flag.ValueKind == JsonValueKind.True;
        IReadOnlyList<string> patterns = PretokenizerDefinition.Read(
            root.TryGetProperty("pre_tokenizer", out JsonElement pre) ? pre : default, file);
        keys[Prefix + "model"] = "gpt2";
        keys[Prefix + "merges"] = Merges(model).Select(m => $"{m.Left} {m.Right}").ToArray();
        (keys[Prefix + "pre"], bool ignoreCase) = NamedPretokenizers.NameOf(patterns, ignores)
            ?? throw new TokenizerFormatException(file, "pre_tokenizer",
                $"cuts words with {string.Join(", then ", patterns.Select(p => $"/{p}/"))}"
                    + $"{(ignores ? ", ignoring merges" : "")}; no tokenizer.ggml.pre stands for that, "
                + "and readers of the file would make other tokens. Keep the folder for this model.");
        if (ignoreCase)
            keys[GgufTokenizer.IgnoreCaseKey] = true;
    }

    /// <summary>The normal form of a normalizer; null for none.</summary>
    private static string? FormOf(JsonElement normalizer, string file)
    {
        if (normalizer.ValueKind != JsonValueKind.Object)
            return null;
        string type = normalizer.GetProperty("type").GetString() ?? "";
        if (type == "Sequence"
            && normalizer.GetProperty("normalizers").EnumerateArray().ToArray() is var steps and { Length: <= 1 })
        {
            return steps.Length == 0 ? null : FormOf(steps[0], file);
        }
        return type == "NFC" ? type
            : throw new TokenizerFormatException(file, "normalizer",
                $"is {type}; GGUF files of BPE have no key for it. Keep the folder for this model.");
    }

    /// <summary>Whether two tokenizers give the same ids.</summary>
    public static bool Agree(Tokenizer a, Tokenizer b) => Probes.All(text =>
        a.Encode(text).AsSpan().SequenceEqual(b.Encode(text))
        && a.Encode(text, addSpecialTokens: false).AsSpan().SequenceEqual(b.Encode(text, addSpecialTokens: false)));

    private static Dictionary<string, object> Common(Tokenizer source, int size)
    {
        string[] tokens = new string[size];
        int[] types = new int[size];
        for (int id = 0; id < size; id++)
        {
            bool known = id < source.VocabularySize && Exists(source, id);
            tokens[id] = known ? source.PieceOf(id) : $"[PAD{id}]";
            types[id] = !known ? 5 : source.IsSpecial(id) ? 3 : 1;
        }

        foreach (AddedToken added in source.AddedTokens.Where(a => !a.Special))
            types[added.Id] = 4;
        int[] plain = source.Encode("a", addSpecialTokens: false);
        int[] dressed = source.Encode("a");

        // A tokenizer.json alone does not say which tokens begin and end a text; what stands around one does.
        int before = dressed.AsSpan().IndexOf(plain);
        int? bos = source.BosId ?? (before == 1 ? dressed[0] : null);
        int? eos = source.EosId ?? (before >= 0 && before + plain.Length == dressed.Length - 1 ? dressed[^1] : null);
        var keys = new Dictionary<string, object>
        {
            [Prefix + "tokens"] = tokens,
            [Prefix + "token_type"] = types,
            [Prefix + "add_bos_token"] = dressed.Length > plain.Length && dressed[0] == bos,
            [Prefix + "add_eos_token"] = dressed.Length > plain.Length && dressed[^1] == eos,
        };
        AddId(keys, "bos_token_id", bos);
        AddId(keys, "eos_token_id", eos);
        AddId(keys, "unknown_token_id", source.UnkId);
        AddId(keys, "padding_token_id", source.PadId);
        if (source.ChatTemplate is { } template)
            keys["tokenizer.chat_template"] = template.Source;
        return keys;
    }

    private static void AddLlama(Dictionary<string, object> keys, JsonElement model, Tokenizer source)
    {
        string[] tokens = (string[])keys[Prefix + "tokens"];
        int[] types = (int[])keys[Prefix + "token_type"];
        keys[Prefix + "model"] = "llama";
        keys[Prefix + "add_space_prefix"] = source.Encode("a", addSpecialTokens: false) is [var first, ..]
            && source.PieceOf(first).StartsWith('\u2581');

        // Merges come in the order of their rank; a piece scores by the first merge that makes it.
        float[] scores = new float[tokens.Length];
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((string left, string right) in Merges(model))
            ranks.TryAdd(left + right, ranks.Count);
        for (int id = 0; id < tokens.Length; id++)
        {
            scores[id] = ranks.TryGetValue(tokens[id], out int rank) ? -rank : types[id] == 1 ? -1e6f : 0;
            if (types[id] == 1 && IsByte(tokens[id]))
                types[id] = 6;
        }

        if (source.UnkId is { } unknown)
            types[unknown] = 2;
        keys[Prefix + "scores"] = scores;
    }

    /// <summary>
    /// Blanks as Mistral has them (Metaspace), for which there is a key of our own. Other ways are found out by the probe texts.
    /// </summary>
    private static void AddPrepend(Dictionary<string, object> keys, JsonElement root)
    {
        if (root.TryGetProperty("pre_tokenizer", out JsonElement pre) && pre.ValueKind == JsonValueKind.Object
            && TypeOf(pre) == "Metaspace"
            && pre.TryGetProperty("prepend_scheme", out JsonElement scheme)
            && scheme.ValueEquals("first") | scheme.ValueEquals("always"))
        {
            keys[GgufTokenizer.PrependKey] = scheme.GetString()!;
        }
    }

    private static bool IsByte(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>';

    private static bool Exists(Tokenizer source, int id)
    {
        try
        {
            source.PieceOf(id);
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            return false; // a hole in the vocabulary
        }
    }

    private static IEnumerable<(string Left, string Right)> Merges(JsonElement model)
    {
        foreach (JsonElement merge in model.GetProperty("merges").EnumerateArray())
        {
            if (merge.ValueKind == JsonValueKind.Array)
            {
                yield return (merge[0].GetString()!, merge[1].GetString()!);
                continue;
            }

            string line = merge.GetString()!;
            int blank = line.IndexOf(' ', 1);
            yield return (line[..blank], line[(blank + 1)..]);
        }
    }

    private static void AddId(Dictionary<string, object> keys, string name, int? id)
    {
        if (id is { } value)
            keys[Prefix + name] = (uint)value;
    }
}
