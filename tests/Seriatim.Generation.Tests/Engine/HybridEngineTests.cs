using Seriatim.Tensors;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Real layers in a real engine: attention and recurrence by turns, one layer without feed-forward, and recurrences alone.
/// </summary>
public sealed class HybridEngineTests
{
    private const int Vocabulary = 50;
    private static readonly NormSpec Norm = new(NormKind.Rms, 1e-6f, Bias: false, 0);
    private static readonly FeedForwardSpec Inner = new FeedForwardSpec.Gated(40, Activation.Silu, Bias: false);

    [Theory]
    [InlineData(true, 30, 40)]
    [InlineData(false, 30, 14)]
    public void UnderLoadRequestsEqualThemselvesAlone(bool hybrid, int pages, int states)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model target = Make(hybrid, seed: 7), small = Make(hybrid, seed: 8);
        var model = new LoadedModel(target, ops);
        GenerationRequest[] requests = Mixture.Requests(60, seed: 3, Vocabulary, drafts: true, longest: 40);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
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
        core.Cache!.Clear();
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }

    [Fact]
    public void AWindowIsRefusedByNameOfTheLayer()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = Make(hybrid: true, seed: 7);
        using var core = new EngineCore(new LoadedModel(target, ops), new EngineOptions { Pages = 40 });
        var error = Assert.Throws<InvalidOptionException>(
            () => core.Check(new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 4, Window = new(8, 2) }));
        Assert.Contains("layer 1 of this tiny model is a GatedRecurrence", error.Message);
    }

    internal static Model Make(bool hybrid, ulong seed, Device? device = null)
    {
        LayerSpec recurrence = new(Placement.Pre, Norm, new MixerSpec.GatedRecurrence(28), Inner);
        LayerSpec attention = new(Placement.Pre, Norm, new MixerSpec.Attention(2, 1, 12, 0.3f)
        {
            Position = new PositionSpec.Rope(10000, 12, RopePairing.HalfSplit, null),
        }, Inner);
        LayerSpec[] layers = hybrid ? [attention, recurrence with { FeedForward = null }, attention, recurrence]
            : [recurrence, recurrence];
        var names = new NameTable { { "embed", "embed" }, { "norm", "norm" }, { "head", "head" } };
        foreach (string part in (string[])["norm1", "norm2", "attention.q", "attention.k", "attention.v", "attention.o",
            "recurrence.z", "recurrence.v", "recurrence.gate", "recurrence.o", "mlp.gate", "mlp.up", "mlp.down"])
            names.Add($"layers.*.{part}", $"layers.*.{part}");
        var stack = new StackSpec(Vocabulary, 24, Visibility.Causal, layers) { FinalNorm = Norm };
        return Model.Build(
            new ModelSpec("tiny", ModelTask.CausalLanguageModel, null, stack, new HeadSpec(Vocabulary), 4096), names,
                new ModelConfig(), new RandomSource(seed), device);
    }
}
