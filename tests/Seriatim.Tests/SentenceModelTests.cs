using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Tests;

/// <summary>Sentence-embedding models say in files of their own how rows are pooled, what follows, and where texts are cut.</summary>
public sealed class SentenceModelTests : IDisposable
{
    private const int Width = 32;
    private static readonly LanguageModelOptions Small = new() { Threads = 1 };
    private static readonly string LongText = string.Join(' ', Enumerable.Repeat("cat mat song", 30));

    private readonly TempFolder _folder = new();

    public SentenceModelTests() => TinyModels.WriteBert(_folder.Path, "BertModel");

    public void Dispose() => _folder.Dispose();

    /// <summary>Each way of pooling against sums over the rows of the encoder.</summary>
    [Theory]
    [InlineData("cls")]
    [InlineData("mean")]
    [InlineData("max")]
    [InlineData("mean_sqrt_len")]
    [InlineData("weightedmean")]
    [InlineData("lasttoken")]
    [InlineData("mean cls")]
    [InlineData("lasttoken max cls mean")]
    public async Task PoolingIsTheModelsOwn(string modes)
    {
        SentenceFiles.Write(_folder.Path, modes, Width);
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        float[] vector = (await encoder.EmbedAsync(["the cat sat on the mat"]))[0];
        float[][] rows = Rows(encoder, "the cat sat on the mat");
        string[] order = ["cls", "max", "mean", "mean_sqrt_len", "weightedmean", "lasttoken"];
        double[] expected = Unit([.. order.Where(modes.Split(' ').Contains).SelectMany(mode => Pool(mode, rows))]);
        Assert.Equal(expected.Length, vector.Length);
        Assert.Equal((expected.Length, modes.Split(' ').Length), (encoder.EmbeddingWidth, encoder.Pooling.Count));
        for (int i = 0; i < vector.Length; i++)
            Assert.Equal(expected[i], vector[i], 5);
        Assert.NotEqual(vector, (await encoder.EmbedAsync(["the cat sat on the mat"],
            new() { Pooling = modes == "cls" ? PoolingKind.Mean : PoolingKind.First }))[0]);
        using IEmbeddingGenerator<string, Embedding<float>> generator = encoder.AsEmbeddingGenerator();
        Assert.Equal(expected.Length, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        Assert.Equal(vector, (await generator.GenerateAsync(["the cat sat on the mat"]))[0].Vector.ToArray());
    }

    [Fact]
    public async Task LengthIsTheModelsOwn()
    {
        SentenceFiles.Write(_folder.Path, "mean", Width, "Dense");
        WriteDense("torch.nn.modules.activation.Tanh", 3);
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        float[] vector = (await encoder.EmbedAsync(["the cat"]))[0];
        double[] mean = [.. Pool("mean", Rows(encoder, "the cat"))];
        for (int row = 0; row < 3; row++)
            Assert.Equal(Math.Tanh(mean.Select((x, i) => x * Weight(row, i)).Sum() + 0.1 * row), vector[row], 5);
        Assert.Equal((3, 3), (vector.Length, encoder.EmbeddingWidth));
        Assert.NotEqual(1, vector.Sum(x => (double)x * x), 3);
        Assert.Equal(1, (await encoder.EmbedAsync(["the cat"], new() { Normalize = true }))[0].Sum(x => (double)x * x), 5);
        Assert.Equal(Width, (await encoder.EmbedAsync(["the cat"], new() { Pooling = PoolingKind.Mean }))[0].Length);
    }

    [Fact]
    public async Task TextsAreCutWhereTheFilesSayAndItIsSaidOnce()
    {
        SentenceFiles.Write(_folder.Path, "cls", Width);
        File.WriteAllText(_folder.File("sentence_bert_config.json"), "{\"max_seq_length\": 10, \"do_lower_case\": true}", Encoding.UTF8);
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        List<TextsTruncatedEventArgs> said = [];
        encoder.TextsTruncated += (_, cut) => said.Add(cut);
        IReadOnlyList<float[]> vectors = await encoder.EmbedAsync(["the cat", LongText, LongText.ToUpperInvariant() + " cat"]);
        TextsTruncatedEventArgs cut = Assert.Single(said);
        int tokens = encoder.Tokenizer.Encode(LongText + " cat").Length;
        Assert.Equal((2, 3, 3, tokens, 10), (cut.Cut, cut.Texts, cut.Number, cut.Tokens, cut.Limit));
        Assert.Equal(10, encoder.MaxLength);
        Assert.Equal(vectors[1], vectors[2]);

        // The special token at the end stays: [CLS], eight tokens of the text, [SEP].
        int[] whole = encoder.Tokenizer.Encode(LongText);
        EncodingResult alone = await encoder.Engine.EncodeAsync(
            new EncodingRequest { Tokens = (int[])[.. whole[..9], whole[^1]], Pooling = PoolingKind.First, Normalize = true });
        Assert.Equal(alone.Embedding, vectors[1]);
        await encoder.EmbedAsync(["the cat"]);
        Assert.Single(said);
    }

    [Fact]
    public async Task WithoutSuchAFileALongTextIsRefusedUnlessItMayBeCut()
    {
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        int tokens = encoder.Tokenizer.Encode(LongText).Length;
        var error = await Assert.ThrowsAsync<PromptTooLongException>(() => encoder.EmbedAsync([LongText]));
        Assert.Contains($"has {tokens} tokens; 64 is the most", error.Message);
        List<TextsTruncatedEventArgs> said = [];
        encoder.TextsTruncated += (_, cut) => said.Add(cut);
        float[] vector = (await encoder.EmbedAsync([LongText], new EmbeddingOptions { Truncate = true }))[0];
        Assert.Equal(1, vector.Sum(x => (double)x * x), 5);
        Assert.Equal($"1 of 1 text was cut to 64 tokens (the model's context); the longest, text 1, has {tokens}.", Assert.Single(said).ToString());
    }

    [Fact]
    public async Task WithoutModulesTheFolderOfPoolingAloneIsHonoured()
    {
        float[] mean = await One();
        SentenceFiles.Write(_folder.Path, "cls", Width);
        File.Delete(_folder.File("modules.json"));
        float[] first = await One();
        Assert.NotEqual(mean, first);
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        Assert.Equal((await encoder.EmbedAsync(["the cat"], new() { Pooling = PoolingKind.First, Normalize = true }))[0], first);
    }

    [Fact]
    public async Task ADefaultPromptComesFirst()
    {
        SentenceFiles.Write(_folder.Path, "mean", Width);
        float[] expected = await One("song: the cat");
        File.WriteAllText(_folder.File("config_sentence_transformers.json"), """{"prompts": {"query": "song: "}, "default_prompt_name": "query", "similarity_fn_name": "cosine"}""");
        Assert.Equal(expected, await One());
    }

    [Theory]
    [InlineData("modules.json", "{}", "a list of modules is needed")]
    [InlineData("modules.json", """[{"type": "x.Transformer", "path": ""}]""", "no Pooling among them")]
    [InlineData("modules.json", """[{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"}, {"type": "x.WeightedLayerPooling", "path": "2"}]""", "type is \"x.WeightedLayerPooling\"")]
    [InlineData("modules.json", """[{"type": "x.Transformer", "path": ""}, {"type": "x.Normalize", "path": ""}, {"type": "x.Pooling", "path": "1_Pooling"}]""", "it is module 1")]
    [InlineData("modules.json", """[{"type": "x.Transformer", "path": "0_Transformer"}]""", "path is \"0_Transformer\"; the transformer must lie beside the file")]
    [InlineData("modules.json", """[{"type": "x.Transformer", "path": ""}, {"type": "x.Pooling", "path": "../1_Pooling"}]""", "path is \"../1_Pooling\"; the name of a folder beside the file is needed")]
    [InlineData("modules.json", """[{"type": 5}]""", "type is 5; a string is needed")]
    [InlineData("1_Pooling/config.json", """{"word_embedding_dimension": 768}""", "word_embedding_dimension is 768; the rows of the model have 32")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode_mean_tokens": "yes"}""", "pooling_mode_mean_tokens is \"yes\"; true or false is needed")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode_mean_tokens": false}""", "no way of pooling is chosen")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode_median_tokens": true}""", "pooling_mode_median_tokens (true)")]
    [InlineData("1_Pooling/config.json", """{"pooling_mode": "median"}""", "pooling_mode is \"median\"")]
    [InlineData("sentence_bert_config.json", """{"max_seq_length": 0}""", "max_seq_length is 0; an integer from 1")]
    [InlineData("sentence_bert_config.json", """{"max_seq_length": 1e30}""", "max_seq_length is 1e30")]
    [InlineData("sentence_bert_config.json", """{"max_seq_length": "64"}""", "max_seq_length is \"64\"")]
    [InlineData("sentence_bert_config.json", """{"max_seq_length": 64, "do_reverse": true}""", "do_reverse (true)")]
    [InlineData("config_sentence_transformers.json", """{"prompts": {}, "default_prompt_name": "query"}""", "default_prompt_name is \"query\"; prompts has none of that name")]
    public async Task WhatIsNotBuiltIsRefusedByName(string file, string text, string message)
    {
        SentenceFiles.Write(_folder.Path, "cls", Width);
        File.WriteAllText(_folder.File(file), text);
        Assert.Contains(message, (await Assert.ThrowsAsync<UnsupportedConfigException>(() => TextEncoder.OpenAsync(_folder.Path, Small))).Message);
    }

    [Fact]
    public async Task ALengthThatLeavesNothingOfATextIsRefused()
    {
        SentenceFiles.Write(_folder.Path, "cls", Width);
        File.WriteAllText(_folder.File("sentence_bert_config.json"), """{"max_seq_length": 2}""");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        Assert.Contains("sentence_bert_config.json: texts are cut to 2 tokens, and 2 special tokens go to each", (await Assert.ThrowsAsync<UnsupportedConfigException>(() => encoder.EmbedAsync(["the cat"]))).Message);
    }

    [Theory]
    [InlineData("torch.nn.modules.activation.Mish", "activation_function is \"torch.nn.modules.activation.Mish\"")]
    [InlineData("torch.nn.modules.linear.Identity", "in_features is 32; 64 come out of what is before it")]
    public async Task ADenseLayerThatDoesNotFitIsRefused(string activation, string message)
    {
        SentenceFiles.Write(_folder.Path, "cls mean", Width, "Dense", "Normalize");
        WriteDense(activation, 4);
        Assert.Contains(message, (await Assert.ThrowsAsync<UnsupportedConfigException>(() => TextEncoder.OpenAsync(_folder.Path, Small))).Message);
    }

    /// <summary>Into a GGUF file and back into a folder: the same vectors, and what the format has no word for is refused.</summary>
    [Fact]
    public async Task PoolingGoesThroughGguf()
    {
        SentenceFiles.Write(_folder.Path, "cls", Width);
        string file = _folder.File("model.gguf"), back = _folder.File("back");
        ModelConverter.ToGguf(_folder.Path, file, QuantizationMix.Parse("f32"));
        float[] expected = await One();
        using (TextEncoder gguf = await TextEncoder.OpenAsync(file, Small))
        {
            Assert.Equal([PoolingKind.First], gguf.Pooling);
            Assert.Equal(expected, (await gguf.EmbedAsync(["the cat"]))[0]);
        }

        string again = _folder.File("again.gguf");
        ModelConverter.ToGguf(file, again, QuantizationMix.Parse("f32"));
        using (TextEncoder gguf = await TextEncoder.OpenAsync(again, Small))
            Assert.Equal(expected, (await gguf.EmbedAsync(["the cat"]))[0]);
        ModelConverter.ToFolder(file, back);
        using (TextEncoder folder = await TextEncoder.OpenAsync(back, Small))
            Assert.Equal(expected, (await folder.EmbedAsync(["the cat"]))[0]);
        foreach (string mode in (string[])["max", "cls mean"])
        {
            SentenceFiles.Write(_folder.Path, mode, Width);
            Assert.Contains("pooling_mode: GGUF has one of Mean, First, Last", Assert.Throws<UnsupportedConfigException>(
                () => ModelConverter.ToGguf(_folder.Path, _folder.File("other.gguf"), QuantizationMix.Parse("f32"))).Message);
        }

        Assert.False(File.Exists(_folder.File("other.gguf")));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "*.tmp"));
    }

    /// <summary>All ids that end a text are in the file, or it is not written.</summary>
    [Theory]
    [InlineData("[0, 3, 4]", true)]
    [InlineData("[0, 3, 4, 5]", false)]
    public void AllEndsGoThroughGguf(string ends, bool fits)
    {
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path, chat: false);
        string config = folder.File("config.json"), file = folder.File("model.gguf");
        JsonObject json = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        json["eos_token_id"] = JsonNode.Parse(ends);
        File.WriteAllText(config, json.ToJsonString());
        void Convert() => ModelConverter.ToGguf(folder.Path, file, QuantizationMix.Parse("f32"));
        if (!fits)
        {
            Assert.Contains("5 would be lost", Assert.Throws<UnsupportedConfigException>(Convert).Message);
            Assert.False(File.Exists(file));
            return;
        }

        Convert();
        using Model model = Model.Load(file);
        Assert.Empty(new[] { 0, 3, 4 }.Except(model.Config.EosTokenIds));
    }

    [Theory]
    [InlineData("ΣΑΣ ΟΔΟΣ, ΣΊΣΥΦΟΣ", "σας οδος, σίσυφος")]
    [InlineData("İSTANBUL", "i\u0307stanbul")]
    [InlineData("Σ", "σ")]
    [InlineData("The CAT", "the cat")]
    public void SmallLettersAreThoseOfTheReference(string text, string expected) => Assert.Equal(expected, SmallLetters.Of(text));

    private async Task<float[]> One(string text = "the cat")
    {
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        return (await encoder.EmbedAsync([text]))[0];
    }

    private static double Weight(int row, int column) => (row * 7 + column * 3) % 5 - 2;

    private void WriteDense(string activation, int outputs)
    {
        string folder = _folder.File("2_Dense");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), $$"""{"in_features": {{Width}}, "out_features": {{outputs}}, "bias": true, "activation_function": "{{activation}}"}""");
        using SafetensorsWriter writer = SafetensorsWriter.Create(Path.Combine(folder, "model.safetensors"),
            [new SafetensorsTensorSpec("linear.weight", SafetensorsType.F32, [outputs, Width]), new SafetensorsTensorSpec("linear.bias", SafetensorsType.F32, [outputs])]);
        writer.AppendF32("linear.weight", [.. Enumerable.Range(0, outputs * Width).Select(i => (float)Weight(i / Width, i % Width))]);
        writer.AppendF32("linear.bias", [.. Enumerable.Range(0, outputs).Select(i => 0.1f * i)]);
        writer.Complete();
    }

    private static float[][] Rows(TextEncoder encoder, string text)
    {
        using var ops = new Seriatim.Tensors.ReferenceOps();
        using Seriatim.Tensors.Tensor hidden = encoder.Model.Encode(ops, new RaggedBatchBuilder().AddEncoder(encoder.Tokenizer.Encode(text)).Build());
        return [.. Enumerable.Range(0, hidden.Rows).Select(row => hidden.Row(row).ToArray())];
    }

    private static IEnumerable<double> Pool(string mode, float[][] rows) => Enumerable.Range(0, Width).Select(e => mode switch
    {
        "cls" => rows[0][e],
        "lasttoken" => rows[^1][e],
        "max" => rows.Max(row => row[e]),
        "mean" => rows.Average(row => (double)row[e]),
        "mean_sqrt_len" => rows.Sum(row => (double)row[e]) / Math.Sqrt(rows.Length),
        _ => rows.Select((row, i) => (i + 1.0) * row[e]).Sum() / Enumerable.Range(1, rows.Length).Sum(),
    });

    private static double[] Unit(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(x => x * x));
        return [.. vector.Select(x => x / length)];
    }
}
