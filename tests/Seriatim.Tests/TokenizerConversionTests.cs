using System.Text;
using System.Text.Json.Nodes;
using Seriatim.Formats;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>Tokenizers between tokenizer.json and GGUF, both ways: the golden texts get the same ids, or the conversion is refused.</summary>
public sealed class TokenizerConversionTests : IDisposable
{
    private const string Prefix = "tokenizer.ggml.";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SharedTheory("golden/tokenizers")]
    [InlineData("bert-bge")]
    [InlineData("gpt-2")]
    [InlineData("llama-spm")]
    public void GoldenVocabulariesComeThroughBothWays(string name)
    {
        string file = Path.Combine(Repository.Shared, "golden", "tokenizers", $"ggml-vocab-{name}.gguf");
        using GgufFile gguf = GgufFile.Open(file);
        byte[] json = TokenizerJsonExport.Write(gguf.Metadata);
        Tokenizer there = Tokenizer.FromJson(json);
        File.WriteAllBytes(Path.Combine(_folder.Path, "tokenizer.json"), json);
        Dictionary<string, object> keys = GgufTokenizerExport.Read(_folder.Path, there.VocabularySize);
        Tokenizer back = Tokenizer.FromGguf(keys);
        string[] texts = File.ReadAllText(file + ".inp").Split("\n__ggml_vocab_test__\n");
        int[][] expected = [.. File.ReadAllText(file + ".out").TrimEnd('\n').Split('\n').Select(line =>
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray())];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], there.Encode(texts[i], EncodeOptions.PlainText));
            Assert.Equal(expected[i], back.Encode(texts[i], EncodeOptions.PlainText));
            Assert.Equal(there.Encode(texts[i]), back.Encode(texts[i]));
        }

        Assert.Equal((string[])gguf.Metadata[Prefix + "tokens"], (string[])keys[Prefix + "tokens"]);
    }

    /// <summary>T5's kind: a table of replacements, words cut at blanks, one in front of each.</summary>
    [Fact]
    public void UnigramComesThroughBothWays()
    {
        Tokenizer source = WriteUnigram("""{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}]}""");
        Dictionary<string, object> keys = GgufTokenizerExport.Read(_folder.Path, source.VocabularySize + 3);
        Assert.Equal(("t5", true), (keys[Prefix + "model"], keys[Prefix + "remove_extra_whitespaces"]));
        Assert.Equal(Charsmap(), keys[Prefix + "precompiled_charsmap"]);
        Assert.Equal(source.VocabularySize + 3, ((string[])keys[Prefix + "tokens"]).Length);
        Tokenizer file = Tokenizer.FromGguf(keys);
        Tokenizer back = Tokenizer.FromJson(TokenizerJsonExport.Write(keys));
        foreach (string text in Texts)
        {
            Assert.Equal(source.Encode(text), file.Encode(text));
            Assert.Equal(source.Encode(text), back.Encode(text));
            Assert.Equal(file.Decode(file.Encode(text)), back.Decode(file.Encode(text)));
        }

        Assert.Equal(source.Encode("in the"), source.Encode("In\tthe"));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void EveryWayToTreatBlanksIsWrittenAsJson(bool add, bool merge)
    {
        Tokenizer source = WriteUnigram("""{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}]}""");
        Dictionary<string, object> keys = GgufTokenizerExport.Read(_folder.Path, source.VocabularySize);
        keys[Prefix + "add_space_prefix"] = add;
        keys[Prefix + "remove_extra_whitespaces"] = merge;
        Tokenizer file = Tokenizer.FromGguf(keys);
        Tokenizer json = Tokenizer.FromJson(TokenizerJsonExport.Write(keys));
        Assert.All(Texts.Where(text => text.Length > 0), text => Assert.Equal(file.Encode(text), json.Encode(text)));
    }

    /// <summary>Blanks that stay, with one put in front only where there is none: the format has no flag for it.</summary>
    [Fact]
    public void WhatTheFormatCannotSayIsRefusedByName()
    {
        WriteUnigram("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}""");
        Assert.Contains("other tokens", Assert.Throws<TokenizerFormatException>(() => GgufTokenizerExport.Read(_folder.Path, 10)).Message);
        WriteUnigram("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}""", normalizer: """{"type": "NFKD"}""");
        Assert.Contains("NFKD", Assert.Throws<TokenizerFormatException>(() => GgufTokenizerExport.Read(_folder.Path, 10)).Message);
        string path = Path.Combine(_folder.Path, "tokenizer.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"byte_fallback\": false", "\"byte_fallback\": true").Replace("NFKD", "NFC"));
        Assert.Contains("byte_fallback", Assert.Throws<TokenizerFormatException>(() => GgufTokenizerExport.Read(_folder.Path, 10)).Message);
    }

    /// <summary>A classifier with its WordPiece tokenizer: file and folder say what the model said, bit for bit.</summary>
    [Fact]
    public async Task ABertGoesToGgufAndBack()
    {
        TinyModels.WriteBert(_folder.Path, "BertForSequenceClassification");
        string file = Path.Combine(_folder.Path, "bert.gguf");
        string back = Path.Combine(_folder.Path, "back");
        ModelConverter.ToGguf(_folder.Path, file, QuantizationMix.Parse("f32"));
        ModelConverter.ToFolder(file, back);
        IReadOnlyList<ClassProbability>[] said = new IReadOnlyList<ClassProbability>[3];
        foreach ((int i, string path) in new[] { _folder.Path, file, back }.Index())
        {
            using TextEncoder encoder = await TextEncoder.OpenAsync(path);
            said[i] = await encoder.ClassifyAsync("The cat number 3 sang!", "a song of 2 mice");
        }

        Assert.Equal(["bad", "good"], said[1].Select(c => c.Label));
        Assert.Equal(said[0], said[1]);
        Assert.Equal(said[0], said[2]);
        string small = Path.Combine(_folder.Path, "small.gguf");
        ModelConverter.ToGguf(file, small, QuantizationMix.Parse("q8_0"));
        using TextEncoder quantised = await TextEncoder.OpenAsync(small);
        Assert.Equal(said[0][0].Probability, (await quantised.ClassifyAsync("The cat number 3 sang!", "a song of 2 mice"))[0].Probability, 0.05);
    }

    /// <summary>A masked language model is refused; its encoder alone is converted, and embeds as before.</summary>
    [Fact]
    public async Task AnEncoderAloneEmbedsAlike()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        string file = Path.Combine(_folder.Path, "encoder.gguf");
        Assert.Contains("BertModel", Assert.Throws<UnsupportedConfigException>(() => ModelConverter.ToGguf(_folder.Path, file, QuantizationMix.Parse("f32"))).Message);
        Assert.False(File.Exists(file));
        using TextEncoder masked = await TextEncoder.OpenAsync(_folder.Path);
        IReadOnlyList<float[]> expected = await masked.EmbedAsync(["the cat sang", "mice"]);
        string config = Path.Combine(_folder.Path, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("BertForMaskedLM", "BertModel"));
        ModelConverter.ToGguf(_folder.Path, file, QuantizationMix.Parse("f32"));
        using TextEncoder encoder = await TextEncoder.OpenAsync(file);
        Assert.Equal(expected, await encoder.EmbedAsync(["the cat sang", "mice"]));
        Assert.Contains("Encoding", (await Assert.ThrowsAsync<ModelTaskException>(() => encoder.FillAsync("the [MASK] sang"))).Message);
    }

    private static IEnumerable<string> Texts =>
    [
        .. GgufTokenizerExport.Probes, "I am IN  the  house. ", "the cats sang\tof mice", "zzz我zz 我", "  ", " x", "<pad>the</s>",
        "The quick brown fox, it is said, jumps over 12 lazy dogs; then it sleeps.",
    ];

    /// <summary>A tokenizer of T5's kind over a trained vocabulary.</summary>
    private Tokenizer WriteUnigram(string pretokenizer, string? normalizer = null)
    {
        string[] text = [.. Enumerable.Range(0, 60).Select(i => $"the cat number {i} sat in the house and sang, it is said, a song of {i % 7} mice")];
        TrainedTokenizer trained = TokenizerTrainer.Train(
            text, new TrainerOptions { Model = TrainerModel.Unigram, VocabularySize = 120, SpecialTokens = ["<pad>", "</s>", "<unk>"] });
        trained.Save(_folder.Path);
        string path = Path.Combine(_folder.Path, "tokenizer.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        json["normalizer"] = normalizer is null
            ? new JsonObject { ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(Charsmap()) }
            : JsonNode.Parse(normalizer);
        json["pre_tokenizer"] = JsonNode.Parse(pretokenizer);
        File.WriteAllText(path, json.ToJsonString(new() { WriteIndented = true }));
        return Tokenizer.Load(_folder.Path);
    }

    /// <summary>A double array that maps I to i, and tabs and ends of lines to blanks, as those of T5 do.</summary>
    private static byte[] Charsmap()
    {
        const int Root = 256, Leaves = 512;
        (char From, char To)[] pairs = [('I', 'i'), ('\t', ' '), ('\n', ' '), ('\r', ' ')];
        uint[] units = new uint[Leaves + 256];
        units[0] = Root << 10;
        var replacements = new List<byte>();
        foreach ((int i, (char from, char to)) in pairs.Index())
        {
            int node = Root ^ from;
            int leaf = Leaves + i;
            units[node] = ((uint)(node ^ leaf) << 10) | (1u << 8) | from;
            units[leaf] = 0x80000000u | (uint)replacements.Count;
            replacements.AddRange([(byte)to, 0]);
        }

        return [.. BitConverter.GetBytes(units.Length * 4), .. units.SelectMany(BitConverter.GetBytes), .. replacements];
    }
}
