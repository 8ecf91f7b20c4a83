using Seriatim.Formats;

namespace Seriatim.Generation.Tests;

/// <summary>Whole sequences through the scheduler: embeddings, fill-mask, classification.</summary>
public sealed class EncodingTests
{
    [SharedTheory]
    [InlineData("bert-mlm")]
    [InlineData("roberta-mlm")]
    [InlineData("longformer")]
    [InlineData("big_bird-full")]
    public async Task FillMaskAndEmbeddingsEqualTheReference(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Shared.Path("golden", name, "expected.safetensors"));
        using Model model = Model.Load(Shared.Path("golden", name));
        using var engine = new GenerationEngine(new LoadedModel(model, CpuOps.Create(1)));
        (int[][] rows, int width) = Rows(file);
        float[] logits = file.ReadF32(file["logits"]);
        float[] hidden = file.ReadF32(file["last_hidden_state"]);
        int vocabulary = logits.Length / (rows.Length * width);
        int features = hidden.Length / (rows.Length * width);
        Task<EncodingResult>[] results = [.. rows.Select((tokens, i) => engine.EncodeAsync(new EncodingRequest
        {
            Tokens = tokens,
            TokenTypes = Types(file, i, width, tokens.Length),
            Pattern = Pattern(file, i, width),
            LogitsAt = [.. Enumerable.Range(0, tokens.Length)],
            Pooling = (PoolingKind)(i % 3),
        }))];
        for (int i = 0; i < rows.Length; i++)
        {
            EncodingResult result = await results[i];
            for (int t = 0; t < rows[i].Length; t++)
                Close(logits.AsSpan((i * width + t) * vocabulary, vocabulary), result.Logits[t]);
            float[][] states = [.. Enumerable.Range(0, rows[i].Length)
                .Select(t => hidden.AsSpan((i * width + t) * features, features).ToArray())];
            float[] pooled = (PoolingKind)(i % 3) switch
            {
                PoolingKind.First => states[0],
                PoolingKind.Last => states[^1],
                _ => [.. Enumerable.Range(0, features).Select(e => states.Average(s => s[e]))],
            };
            Close(pooled, result.Embedding!);
        }
    }

    [SharedFact]
    public async Task ClassesEqualTheReference()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Shared.Path("golden", "bert-seqcls", "expected.safetensors"));
        using Model model = Model.Load(Shared.Path("golden", "bert-seqcls"));
        using var engine = new GenerationEngine(new LoadedModel(model, CpuOps.Create(1)));
        (int[][] rows, int width) = Rows(file);
        float[] logits = file.ReadF32(file["logits"]);
        for (int i = 0; i < rows.Length; i++)
        {
            EncodingResult result = await engine.EncodeAsync(new EncodingRequest
            {
                Tokens = rows[i],
                TokenTypes = Types(file, i, width, rows[i].Length),
                LogitsAt = [0],
            });
            Close(logits.AsSpan(i * logits.Length / rows.Length, logits.Length / rows.Length), result.Logits[0]);
            Assert.Null(result.Embedding);
        }
    }

    [Fact]
    public async Task EmbeddingsOfADecoderMixWithGeneration()
    {
        using var model = new FakeModel();
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 100 });
        var request = new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 50, Seed = 0 };
        Task<GenerationResult> generation = engine.CompleteAsync(request);
        EncodingResult embedding = await engine.EncodeAsync(new EncodingRequest
        {
            Tokens = new[] { 5, 6, 7 },
            Pooling = PoolingKind.Last,
            Normalize = true,
        });
        Assert.Equal(1, embedding.Embedding!.Sum(x => (double)x * x), 1e-6);
        Assert.Equal(Runs.Alone(model, request).Choices[0].TokenIds, (await generation).Choices[0].TokenIds);
    }

    [Fact]
    public void BadRequestsAreRefused()
    {
        using var encoder = new FakeModel(context: 20, capability: ModelCapability.Encoder);
        using var core = new EngineCore(encoder, new EngineOptions { TokenBudget = 10, MaxSequences = 4 });
        var good = new EncodingRequest { Tokens = new[] { 1, 2 }, Pooling = PoolingKind.Mean };
        core.Check(good);
        Assert.Equal("Tokens", Assert.Throws<InvalidOptionException>(() => core.Check(good with { Tokens = default })).Option);
        Assert.Equal("Tokens",
            Assert.Throws<InvalidOptionException>(() => core.Check(good with { Tokens = new[] { 99 } })).Option);
        Assert.Equal("TokenTypes",
            Assert.Throws<InvalidOptionException>(() => core.Check(good with { TokenTypes = new[] { 0 } })).Option);
        var pattern = Assert.Throws<InvalidOptionException>(() => core.Check(good with { Pattern = new() { Globals = [0] } }));
        Assert.Equal("Pattern", pattern.Option);
        Assert.Contains("1 global tokens", pattern.Message);
        Assert.Equal("Pooling", Assert.Throws<InvalidOptionException>(() => core.Check(good with { Pooling = null })).Option);
        Assert.Equal("LogitsAt", Assert.Throws<InvalidOptionException>(() => core.Check(good with { LogitsAt = [2] })).Option);
        Assert.Equal(21, Assert.Throws<PromptTooLongException>(() => core.Check(good with { Tokens = new int[21] })).Length);
        Assert.Equal(11, Assert.Throws<RequestTooLargeException>(() => core.Check(good with { Tokens = new int[11] })).Needed);
        Assert.Throws<InvalidOptionException>(() => core.Check(new GenerationRequest { Prompt = new[] { 1 } }));
    }

    private static (int[][] Rows, int Width) Rows(SafetensorsFile file)
    {
        long[] ids = file.ReadI64(file["input_ids"]);
        long[] mask = file.ReadI64(file["attention_mask"]);
        int width = (int)file["input_ids"].Shape[^1];
        return ([.. Enumerable.Range(0, ids.Length / width).Select(row => ids.Skip(row * width).Take(width)
            .Where((_, t) => mask[row * width + t] == 1).Select(id => (int)id).ToArray())], width);
    }

    private static SparsePattern? Pattern(SafetensorsFile file, int row, int width) =>
        file.TryGet("global_attention_mask", out SafetensorsEntry? entry)
            ? new() { Globals = [.. Enumerable.Range(0, width).Where(t => file.ReadI64(entry)[row * width + t] == 1)] }
            : null;

    private static int[] Types(SafetensorsFile file, int row, int width, int count) =>
        file.TryGet("token_type_ids", out SafetensorsEntry? entry)
            ? [.. file.ReadI64(entry).Skip(row * width).Take(count).Select(t => (int)t)]
            : [];

    private static void Close(ReadOnlySpan<float> expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < actual.Length; i++)
            Assert.Equal(expected[i], actual[i], 2e-5f);
    }
}
