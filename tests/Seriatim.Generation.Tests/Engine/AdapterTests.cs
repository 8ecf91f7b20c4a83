using System.Text;
using Seriatim.Tensors;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Requests with other adapters, and with none, run in the same steps, and each gives what it gives alone: with beams, drafts,
/// preemption and a prefix cache, over dense weights and over blocks.
/// </summary>
public sealed class AdapterTests
{
    private static readonly string?[] Names = [null, "a", "b"];

    [Theory]
    [InlineData("attention and recurrence", 40, 60)]
    [InlineData("recurrence", 40, 14)]
    [InlineData("blocks", 40, 2)]
    public void RequestsUnderLoadEqualThemselvesAlone(string kind, int pages, int states)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model target = Make(kind, 7), small = Make(kind, 8), never = Make(kind, 7);
        AddAdapters(target);
        var model = new LoadedModel(target, ops);
        var random = new Random(5);
        GenerationRequest[] requests = [.. Mixture.Requests(60, seed: 3, model.VocabularySize, drafts: true, longest: 40)
            .Select(request => request with { Adapter = Names[random.Next(Names.Length)] })];
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(
            r.Adapter is null ? new LoadedModel(never, ops) : model, r with { Speculation = null }))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = pages,
            States = states,
            PageSize = 8,
            TokenBudget = 48,
            MaxSequences = 16,
            DraftModel = new LoadedModel(small, ops),
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pools are meant to be too small.");
        Assert.True(core.Statistics.TokensSaved > 0);
    }

    [Fact]
    public void NamesTheModelDoesNotHaveAreRefusedWithThoseItHas()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = Make("blocks", 7);
        using var core = new EngineCore(new LoadedModel(target, ops), new EngineOptions { Pages = 40 });
        var request = new GenerationRequest { Prompt = new[] { 1, 2 }, MaxNewTokens = 4, Adapter = "formal" };
        Assert.Equal("Adapter is formal; the model has none.",
            Assert.Throws<InvalidOptionException>(() => core.Check(request)).Message);
        AddAdapters(target);
        Assert.Equal("Adapter is formal; the model has a, b.",
            Assert.Throws<InvalidOptionException>(() => core.Check(request)).Message);
        var reading = new EncodingRequest { Tokens = new[] { 1, 2 }, Pooling = PoolingKind.Mean, Adapter = "formal" };
        Assert.Contains("the model has a, b", Assert.Throws<InvalidOptionException>(() => core.Check(reading)).Message);
        core.Check(request with { Adapter = "b" });
    }

    [Fact]
    public void RequestsOfAnAdapterThatIsTakenAwayFailAndNoOther()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = Make("blocks", 7);
        AddAdapters(target);
        var model = new LoadedModel(target, ops);
        GenerationRequest[] requests = [
            .. Names.Select(name => new GenerationRequest
            {
                Prompt = new[] { 1, 2, 3 },
                MaxNewTokens = 12,
                Adapter = name,
                Seed = 4,
            })];
        GenerationResult[] expected = [.. requests.Select(request => Runs.Alone(model, request))];
        using var core = new EngineCore(model, new EngineOptions { Pages = 40 });
        GenerationHandle[] handles = [.. requests.Select((request, i) => core.Add(request, i + 1))];
        for (int step = 0; step < 5; step++)
            core.Step();
        Assert.True(target.RemoveAdapter("a"));
        core.Drain();
        Runs.Equal(expected[0], handles[0].Result(), "no adapter");
        Runs.Equal(expected[2], handles[2].Result(), "b");
        Exception error = Assert.ThrowsAny<Exception>(() => handles[1].Result());
        Assert.Contains("Adapter is a; the model has b.", error.ToString());
    }

    [Fact]
    public void EmbeddingsAreThoseOfTheirAdapter()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = Make("attention and recurrence", 7);
        AddAdapters(target);
        using var core = new EngineCore(new LoadedModel(target, ops), new EngineOptions { Pages = 40 });
        float[][] alone = [.. Names.Select(name => Embed(core, name)[0])];
        float[][] together = Embed(core, Names);
        Assert.Equal(alone, together);
        Assert.NotEqual(alone[0], alone[1]);
        Assert.NotEqual(alone[1], alone[2]);
    }

    [Fact]
    public async Task AStateGoesOnOnlyWhereItsAdapterAddsTheSame()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model here = Make("blocks", 7), there = Make("blocks", 7), elsewhere = Make("blocks", 7),
            without = Make("blocks", 7);
        AddAdapters(here);
        AddAdapters(there);
        elsewhere.AddAdapter("a", Factors(elsewhere, 3, every: 1));
        var request = new GenerationRequest
        {
            Prompt = new[] { 1, 2, 3 },
            MaxNewTokens = 12,
            Adapter = "a",
            CacheSalt = "tenant",
            Seed = 4,
        };
        GenerationResult expected = Runs.Alone(new LoadedModel(here, ops), request);
        using var first = new EngineCore(new LoadedModel(here, ops), Runs.Roomy);
        GenerationHandle before = first.Add(request);
        for (int step = 0; step < 4; step++)
            first.Step();
        Task<RequestState> leaving = before.ExportAsync();
        first.Step();
        byte[] bytes = (await leaving).ToBytes();
        foreach (Model other in new[] { elsewhere, without })
        {
            using var refusing = new EngineCore(new LoadedModel(other, ops), Runs.Roomy);
            var refused = Assert.ThrowsAny<GenerationException>(() => refusing.Check(RequestState.FromBytes(bytes)));
            Assert.Contains(other == without ? "Adapter is a" : here.FingerprintOf("a"), refused.Message);
        }

        using var second = new EngineCore(new LoadedModel(there, ops), Runs.Roomy);
        RequestState state = RequestState.FromBytes(bytes);
        Assert.Equal(("a", "tenant"), (state.Request.Adapter, state.Request.CacheSalt));
        GenerationHandle after = second.Add(state, 9);
        second.Drain();
        Runs.Equal(expected, after.Result(), "moved");
    }

    private static float[][] Embed(EngineCore core, params string?[] adapters)
    {
        TaskCompletionSource<EncodingResult>[] results = [.. adapters.Select(_ => new TaskCompletionSource<EncodingResult>())];
        for (int i = 0; i < adapters.Length; i++)
        {
            var request = new EncodingRequest
            {
                Tokens = new[] { 3, 1, 4, 1, 5 },
                Pooling = PoolingKind.Mean,
                Adapter = adapters[i],
            };
            core.Check(request);
            core.Add(request, i + 1, results[i], default);
        }

        core.Drain();
        return [.. results.Select(result => result.Task.GetAwaiter().GetResult().Embedding!)];
    }

    internal static Model Make(string kind, ulong seed) => kind switch
    {
        "blocks" => Model.Create("tiny", Encoding.UTF8.GetBytes("""
            {"architectures": ["LlamaForCausalLM"], "vocab_size": 50, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "tie_word_embeddings": true}
            """), new RandomBlockSource(QuantizationMix.Parse("q8_0"), 2, tied: true, seed)),
        _ => HybridEngineTests.Make(kind != "recurrence", seed),
    };

    [Fact]
    public async Task AStateGoesOnWithItsOwnAdapterOnly()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = Make("blocks", 7), same = Make("blocks", 7), other = Make("blocks", 7), without = Make("blocks", 7);
        AddAdapters(target);
        AddAdapters(same);
        other.AddAdapter("a", Factors(other, 9, every: 1));
        var request = new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 12, Adapter = "a", Seed = 4 };
        GenerationResult expected = Runs.Alone(new LoadedModel(target, ops), request);
        using var core = new EngineCore(new LoadedModel(target, ops), new EngineOptions { Pages = 40 });
        GenerationHandle handle = core.Add(request);
        core.Step();
        core.Step();
        Task<RequestState> leaving = handle.ExportAsync();
        core.Step();
        byte[] state = (await leaving).ToBytes();
        using var another = new EngineCore(new LoadedModel(other, ops), new EngineOptions { Pages = 40 });
        Assert.Equal("model or adapter",
            Assert.Throws<InvalidStateException>(() => another.Check(RequestState.FromBytes(state))).What);
        using var none = new EngineCore(new LoadedModel(without, ops), new EngineOptions { Pages = 40 });
        Assert.Contains("the model has none",
            Assert.Throws<InvalidOptionException>(() => none.Check(RequestState.FromBytes(state))).Message);
        using var equal = new EngineCore(new LoadedModel(same, ops), new EngineOptions { Pages = 40 });
        GenerationHandle after = equal.Add(RequestState.FromBytes(state), 1);
        equal.Drain();
        Runs.Equal(expected, after.Result(), "moved");
    }

    private static void AddAdapters(Model model)
    {
        model.AddAdapter("a", Factors(model, 1, every: 1));
        model.AddAdapter("b", Factors(model, 2, every: 2));
    }

    private static Dictionary<string, LowRankFactors> Factors(Model model, int seed, int every)
    {
        var random = new Random(seed);
        return model.LinearPaths.Where(path => path != "head").Where((_, i) => i % every == 0).ToDictionary(path => path, path =>
        {
            int index = model.MatrixPaths.ToList().IndexOf(path);
            Parameter? dense = model.Parameters.FirstOrDefault(p => p.Path == path && p.Ending == ".weight")?.Parameter;
            (int outputs, int inputs) = index >= 0
                ? (model.Matrices[index].Rows, model.Matrices[index].Columns)
                : (dense!.Rows, dense.Columns);
            return new LowRankFactors(Values(random, 3 * inputs), Values(random, outputs * 3), 3, 0.7f);
        });
    }

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
