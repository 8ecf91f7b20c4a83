using Microsoft.Extensions.AI;
using Seriatim.Generation;

namespace Seriatim.Tests;

/// <summary>Embeddings, masks, classes and scores.</summary>
public sealed class TextEncoderTests : IDisposable
{
    private static readonly LanguageModelOptions Small = new() { Threads = 1 };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Embeddings_come_in_order_pooled_and_scaled()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        string[] texts = ["the cat", "a song of mice", "the cat"];
        IReadOnlyList<float[]> vectors = await encoder.EmbedAsync(texts);
        Assert.Equal(vectors[0], vectors[2]);
        Assert.NotEqual(vectors[0], vectors[1]);
        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(value => (double)value * value), 5));
        Assert.Equal((await encoder.EmbedAsync([texts[1]]))[0], vectors[1]);
        float[] raw = (await encoder.EmbedAsync([texts[0]], new() { Pooling = PoolingKind.First, Normalize = false }))[0];
        Assert.NotEqual(vectors[0], raw);
        using IEmbeddingGenerator<string, Embedding<float>> generator = encoder.AsEmbeddingGenerator();
        GeneratedEmbeddings<Embedding<float>> generated = await generator.GenerateAsync(texts);
        Assert.Equal(vectors[1], generated[1].Vector.ToArray());
        Assert.Equal(32, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        await Assert.ThrowsAsync<NotSupportedException>(() =>
            generator.GenerateAsync(texts, new EmbeddingGenerationOptions { Dimensions = 8 }));
        await Assert.ThrowsAsync<PromptTooLongException>(() =>
            encoder.EmbedAsync([string.Concat(Enumerable.Repeat("cat ", 100))]));
    }

    [Fact]
    public async Task Masks_are_filled_with_probabilities()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        IReadOnlyList<IReadOnlyList<FilledMask>> masks = await encoder.FillAsync("the [MASK] sat on a [MASK]", top: int.MaxValue);
        Assert.Equal(2, masks.Count);
        Assert.All(masks, mask => Assert.Equal(1, mask.Sum(filled => filled.Probability), 6));
        Assert.All(masks, mask => Assert.Equal(mask.OrderByDescending(filled => filled.Probability), mask));
        Assert.Contains("[MASK]", (await Assert.ThrowsAsync<ModelTaskException>(() => encoder.FillAsync("nothing"))).Message);
        Assert.Contains("classify",
            (await Assert.ThrowsAsync<ModelTaskException>(() => encoder.ClassifyAsync("the cat"))).Message);
    }

    [Theory]
    [InlineData("longformer")]
    [InlineData("big_bird")]
    [InlineData("linformer")]
    public async Task Sparse_attention_is_read_like_any(string family)
    {
        TinyModels.WriteSparse(_folder.Path, family);
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        string text = "the [MASK] sat on a [MASK] and sang a song of seven mice and the cat number four sat on the mat";
        IReadOnlyList<IReadOnlyList<FilledMask>> masks = await encoder.FillAsync(text, top: int.MaxValue);
        Assert.Equal(2, masks.Count);
        Assert.All(masks, mask => Assert.Equal(1, mask.Sum(filled => filled.Probability), 6));
        IReadOnlyList<float[]> vectors = await encoder.EmbedAsync([text, "the cat", text]);
        Assert.Equal(vectors[0], vectors[2]);
        Assert.Equal((await encoder.EmbedAsync(["the cat"]))[0], vectors[1]);
        var request = new EncodingRequest
        {
            Tokens = encoder.Tokenizer.Encode(text),
            Pooling = PoolingKind.Last,
            Pattern = new() { Globals = [0] },
        };
        if (family != "longformer")
        {
            Assert.Contains("global",
                (await Assert.ThrowsAsync<InvalidOptionException>(() => encoder.Engine.EncodeAsync(request))).Message);
            return;
        }

        Assert.NotEqual(
            (await encoder.Engine.EncodeAsync(request with { Pattern = null })).Embedding,
            (await encoder.Engine.EncodeAsync(request)).Embedding);
        Assert.Contains("90", (await Assert.ThrowsAsync<InvalidOptionException>(
            () => encoder.Engine.EncodeAsync(request with { Pattern = new() { Globals = [90] } }))).Message);
    }

    [Fact]
    public async Task Classes_have_names_and_pairs_count()
    {
        TinyModels.WriteBert(_folder.Path, "BertForSequenceClassification");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        IReadOnlyList<ClassProbability> classes = await encoder.ClassifyAsync("the cat");
        Assert.Equal(["bad", "good"], classes.Select(c => c.Label));
        Assert.Equal(1, classes.Sum(c => c.Probability), 9);
        Assert.NotEqual(classes[0].Probability, (await encoder.ClassifyAsync("the cat", "sat on the mat"))[0].Probability);
        await Assert.ThrowsAsync<ModelTaskException>(() => encoder.FillAsync("[MASK]"));
    }

    [Fact]
    public async Task Scores_are_those_of_generation()
    {
        TinyModels.WriteLlama(_folder.Path);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        GenerationRequest request = model.Request("the cat") with
        {
            MaxNewTokens = 6,
            Logprobs = 0,
            Seed = 1,
            IgnoreEndIds = true,
        };
        GenerationChoice choice = (await model.CompleteAsync(request)).Choices[0];
        GenerationRequest whole = request with
        {
            Prompt = new[] { request.Prompt.ToArray(), [.. choice.TokenIds] }.SelectMany(ids => ids).ToArray(),
            MaxNewTokens = 0,
            PromptLogprobs = 0,
        };
        GenerationResult scored = await model.CompleteAsync(whole);
        Assert.Equal(choice.Logprobs!.Select(p => p.Chosen), scored.PromptLogprobs!.TakeLast(6).Select(p => p.Chosen));
        TextScore score = await model.ScoreAsync("the cat sat on the mat");
        Assert.Equal(score.TokenIds.Count - 1, score.Logprobs.Count);
        Assert.Equal(Math.Exp(-score.Logprob / score.Logprobs.Count), score.Perplexity);
        await Assert.ThrowsAsync<ModelTaskException>(() => model.ScoreAsync("the", source: "x"));
        Assert.Contains("t5",
            (await Assert.ThrowsAsync<ModelTaskException>(() => Translator.OpenAsync(_folder.Path, Small))).Message);
    }
}
