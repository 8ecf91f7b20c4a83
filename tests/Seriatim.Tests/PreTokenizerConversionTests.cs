using System.Text.Json.Nodes;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>
/// The pre-tokenizers of published models over a vocabulary of our own: each is written under the name that stands for its definition,
/// and read back cuts alike; what no name stands for is refused by name.
/// </summary>
public sealed class PreTokenizerConversionTests : IDisposable
{
    private const string Prefix = "tokenizer.ggml.";
    private const string Normalizer = "tokenizer.seriatim.normalizer";
    private const string IgnoreCase = "tokenizer.seriatim.contractions_ignore_case";
    private const string Tail = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string AnyCase = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Body = @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Tail;
    private const string Spelled = @"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string DeepSeekV3 = @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + Tail;
    private readonly TempFolder _folder = new();

    private static readonly string[] Texts =
    [
        .. GgufTokenizerExport.Probes, "e\u0301tude e\u0301", "'\u017Ftone it'\u017Ftone IT'S", "1234567 8 9½ ٣٤", "我的 ,カタカナ한국어", " </s>!?x\r\n\n  y", "a  \n  b \t",
        "foo_bar-baz.qux(1)", "\u200Da\u0308b",
    ];

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, JsonNode, bool> Named => new()
    {
        { "DeepSeek-V3", "deepseek-v3", Steps(Split(@"\p{N}{1,3}"), Split("[一-龥぀-ゟ゠-ヿ]+"), Split(DeepSeekV3), Bytes(false)), false },
        {
            "DeepSeek-Coder", "deepseek-coder",
            Steps(Split("[\r\n]"), Split(@"\s?\p{L}+"), Split(@"\s?\p{P}+"), Split("[一-龥ࠀ-一가-퟿]+"), Digits(true), Bytes(false)), false
        },
        { "StarCoder", "starcoder", Steps(Digits(true), Bytes(true)), false },
        { "Refact", "starcoder", Steps(Split(@"\p{N}"), Bytes(true)), false },
        { "Qwen2", "qwen2", Steps(Split(AnyCase + Body), Bytes(false)), false },
        { "Qwen2 spelled", "qwen2", Steps(Split(Spelled + Body), Bytes(false)), false },
        { "Qwen2 removed", "qwen2", Steps(Split(AnyCase + Body, "Removed", invert: true), Bytes(false)), false },
        { "Llama 3", "llama-bpe", Steps(Split(AnyCase + Body.Replace(@"\p{N}|", @"\p{N}{1,3}|")), Bytes(false)), true },
        { "DBRX", "dbrx", Steps(Split(AnyCase + Body.Replace(@"\p{N}|", @"\p{N}{1,3}|")), Bytes(false)), false },
        { "GPT-2", "gpt-2", Bytes(true), false },
    };

    [Theory]
    [MemberData(nameof(Named))]
    public void ADefinitionGetsItsName(string model, string name, JsonNode pretokenizer, bool ignoreMerges)
    {
        Assert.NotEmpty(model);
        Tokenizer source = Write(pretokenizer, ignoreMerges);
        Dictionary<string, object> keys = GgufTokenizerExport.Read(_folder.Path, source.VocabularySize);
        Assert.Equal(name, keys[Prefix + "pre"]);
        Equal(source, keys);
    }

    public static TheoryData<string, string, JsonNode> Unnamed => new()
    {
        { "Falcon", "Punctuation", Steps(Step("Punctuation", ("behavior", "Contiguous")), Bytes(true), Digits(false), Split("[0-9][0-9][0-9]")) },
        { "Falcon without", "cuts again what is already spelled in bytes", Steps(Bytes(true), Digits(false), Split("[0-9][0-9][0-9]")) },
        { "DeepSeek-V3 but for one number", @"\p{N}{1,4}", Steps(Split(@"\p{N}{1,4}"), Split("[一-龥぀-ゟ゠-ヿ]+"), Split(DeepSeekV3), Bytes(false)) },
        { "DeepSeek-V3 but for the order", @", then /\p{N}{1,3}/", Steps(Split("[一-龥぀-ゟ゠-ヿ]+"), Split(@"\p{N}{1,3}"), Split(DeepSeekV3), Bytes(false)) },
        { "DeepSeek-Coder of two digits", @"\p{N}+", Steps(Split("[\r\n]"), Split(@"\s?\p{L}+"), Split(@"\s?\p{P}+"), Split("[一-龥ࠀ-一가-퟿]+"), Digits(false), Bytes(false)) },
        { "StarCoder with a blank", "add_prefix_space", Steps(Digits(true), Bytes(true, blank: true)) },
        { "Qwen2 merged", "MergedWithPrevious", Steps(Split(AnyCase + Body, "MergedWithPrevious"), Bytes(false)) },
        { "possessive before a line end", @"\s++$", Steps(Split(@"\s++$"), Bytes(true)) },
    };

    [Theory]
    [MemberData(nameof(Unnamed))]
    public void WhatNoNameStandsForIsRefusedByName(string model, string part, JsonNode pretokenizer)
    {
        Assert.NotEmpty(model);
        int size = Write(pretokenizer, false).VocabularySize;
        TokenizerFormatException refused = Assert.Throws<TokenizerFormatException>(() => GgufTokenizerExport.Read(_folder.Path, size));
        Assert.Contains(part, refused.Message);
        Assert.Contains("keep the folder", refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Qwen composes characters, and its contractions ignore case: llama.cpp does neither, so that both are kept in keys of our own, and told.</summary>
    [Fact]
    public void WhatGgufHasNoKeyForIsKeptAndTold()
    {
        Tokenizer source = Write(Steps(Split(AnyCase + Body), Bytes(false)), false, Step("NFC"));
        Dictionary<string, object> keys = GgufTokenizerExport.Read(_folder.Path, source.VocabularySize);
        Assert.Equal(("NFC", true), (keys[Normalizer], keys[IgnoreCase]));
        Equal(source, keys);
        Assert.Equal(source.Encode("\u00E9tude"), source.Encode("e\u0301tude"));

        // What readers without the keys make of it.
        Tokenizer other = Tokenizer.FromGguf(keys.Where(pair => !pair.Key.StartsWith("tokenizer.seriatim", StringComparison.Ordinal)).ToDictionary());
        Assert.NotEqual(source.Encode("e\u0301tude"), other.Encode("e\u0301tude"));
        Assert.NotEqual(source.Encode("'\u017Ftone"), other.Encode("'\u017Ftone"));
        IReadOnlyList<string> notes = GgufTokenizerNotes.Of(keys);
        Assert.Equal(2, notes.Count);
        Assert.Contains(Normalizer, notes[0]);
        Assert.Contains("U+017F", notes[1]);
        Write(Steps(Split(Spelled + Body), Bytes(false)), false);
        Assert.Empty(GgufTokenizerNotes.Of(GgufTokenizerExport.Read(_folder.Path, source.VocabularySize)));
        Write(Bytes(true), false, Step("NFD"));
        Assert.Contains("NFD", Assert.Throws<TokenizerFormatException>(() => GgufTokenizerExport.Read(_folder.Path, source.VocabularySize)).Message);
    }

    /// <summary>A byte order mark is no part of the JSON.</summary>
    [Fact]
    public void AMarkBeforeTheJsonIsNoText()
    {
        Tokenizer source = Write(Bytes(true), false);
        string path = Path.Combine(_folder.Path, "tokenizer.json");
        File.WriteAllBytes(path, [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(path)]);
        Equal(source, GgufTokenizerExport.Read(_folder.Path, source.VocabularySize));
    }

    /// <summary>The converter hands the notes on, of a folder and of the file made from it.</summary>
    [Fact]
    public void TheConverterReturnsTheNotes()
    {
        TinyModels.WriteLlama(_folder.Path);
        string file = Path.Combine(_folder.Path, "a.gguf");
        Assert.Empty(ModelConverter.ToGguf(_folder.Path, file, QuantizationMix.Parse("f32")));
        string path = Path.Combine(_folder.Path, "tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllBytes(path))!;
        json["normalizer"] = Step("NFC");
        File.WriteAllText(path, json.ToJsonString());
        string note = Assert.Single(ModelConverter.ToGguf(_folder.Path, file, QuantizationMix.Parse("f32")));
        Assert.StartsWith("NFC", note);
        Assert.Equal([note], ModelConverter.ToGguf(file, Path.Combine(_folder.Path, "b.gguf"), QuantizationMix.Parse("q8_0")));
    }

    private static void Equal(Tokenizer source, Dictionary<string, object> keys)
    {
        Tokenizer file = Tokenizer.FromGguf(keys);
        Tokenizer back = Tokenizer.FromJson(TokenizerJsonExport.Write(keys));
        foreach (string text in Texts)
        {
            Assert.Equal(source.Encode(text), file.Encode(text));
            Assert.Equal(source.Encode(text), back.Encode(text));
        }
    }

    private Tokenizer Write(JsonNode pretokenizer, bool ignoreMerges, JsonNode? normalizer = null)
    {
        string[] text = [.. Enumerable.Range(0, 30).Select(i => $"the stone {i * 37} and \u017Ftone, x=foo(bar[0]); // étude 我的 'tis </s> {i}...\n\n  end it's")];
        TokenizerTrainer.Train(text, new TrainerOptions { Model = TrainerModel.ByteLevelBpe, VocabularySize = 400, SpecialTokens = ["<|endoftext|>"] }).Save(_folder.Path);
        string path = Path.Combine(_folder.Path, "tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        json["pre_tokenizer"] = pretokenizer.DeepClone();
        json["normalizer"] = normalizer;
        json["model"]!["ignore_merges"] = ignoreMerges;
        File.WriteAllText(path, json.ToJsonString());
        return Tokenizer.Load(_folder.Path);
    }

    private static JsonObject Step(string type, params (string Key, JsonNode Value)[] settings)
    {
        var step = new JsonObject { ["type"] = type };
        foreach ((string key, JsonNode value) in settings)
            step[key] = value;
        return step;
    }

    private static JsonObject Steps(params JsonNode[] steps) => Step("Sequence", ("pretokenizers", new JsonArray(steps)));

    private static JsonObject Split(string regex, string behavior = "Isolated", bool invert = false) =>
        Step("Split", ("pattern", new JsonObject { ["Regex"] = regex }), ("behavior", behavior), ("invert", invert));

    private static JsonObject Digits(bool individual) => Step("Digits", ("individual_digits", individual));

    private static JsonObject Bytes(bool regex, bool blank = false) =>
        Step("ByteLevel", ("add_prefix_space", blank), ("trim_offsets", true), ("use_regex", regex));
}
