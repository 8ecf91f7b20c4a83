using Seriatim.Tensors;
using Seriatim.Tensors.Tests;

namespace Seriatim.Generation.Tests;

/// <summary>
/// The engine on a device that runs later than it is asked, on a thread of its own, in memory nobody else can use: every request under
/// load (chunks, drafts, trees, forks, cached prefixes, recomputation) gives the bits that it gives alone on the CPU.
/// </summary>
public sealed class LateDeviceTests
{
    [SharedTheory]
    [InlineData("llama-gqa-tied")]
    [InlineData("phi3-longrope")]
    [InlineData("mistral-swa")]
    [InlineData("mixtral")]
    [InlineData("marian")]
    public void FamiliesUnderLoadEqualThemselvesAloneOnTheCpu(string name)
    {
        using Model here = Model.Load(Shared.Path("golden", name));
        using IDifferentiableOps cpu = CpuOps.Create(1);
        var alone = new LoadedModel(here, cpu);
        bool encodes = alone.Capability == ModelCapability.EncoderDecoder;
        var roomy = new EngineOptions { Pages = 400, PageSize = 8, PrefixCache = false };
        using var checks = new EngineCore(alone, roomy with { Pages = 60, PageSize = 4 });
        GenerationRequest[] requests = [.. Mixture.Requests(40, seed: 31, alone.VocabularySize, longest: encodes ? 4 : 24, encoder: encodes ? [] : null)
            .Where(request => FamilyLoadTests.Fits(checks, request))];
        Assert.True(requests.Length > 15, $"{requests.Length} requests fit");
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(alone, r with { Speculation = null }, roomy))];

        using var device = new LateDevice();
        using (Model there = Model.Load(Shared.Path("golden", name), new ModelLoadOptions { Device = device }))
        using (IDifferentiableOps ops = device.NewOps(2))
        {
            using var core = new EngineCore(new LoadedModel(there, ops), new EngineOptions { Pages = 60, PageSize = 4, TokenBudget = 48, MaxSequences = 16 });
            GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 6, arrivals: 12);
            for (int i = 0; i < requests.Length; i++)
                Runs.Equal(expected[i], handles[i].Result(), $"{name}, request {i}, {requests[i]}");
        }

        device.Synchronize();
        Assert.Equal(0, device.LiveBytes);
        Assert.True(device.Asked > 1000, "The device was not asked.");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RecurrencesUnderLoadEqualThemselvesAloneOnTheCpu(bool hybrid)
    {
        using IDifferentiableOps cpu = CpuOps.Create(1);
        using Model here = HybridEngineTests.Make(hybrid, seed: 7);
        GenerationRequest[] requests = Mixture.Requests(40, seed: 5, here.Spec.Last.Vocabulary, drafts: true, longest: 40);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(new LoadedModel(here, cpu), r with { Speculation = null }))];
        using var device = new LateDevice();
        using Model target = HybridEngineTests.Make(hybrid, seed: 7, device), small = HybridEngineTests.Make(hybrid, seed: 8, device);
        using IDifferentiableOps ops = device.NewOps(2);
        using var core = new EngineCore(new LoadedModel(target, ops), new EngineOptions
        {
            Pages = 30,
            States = hybrid ? 40 : 14,
            PageSize = 8,
            TokenBudget = 48,
            MaxSequences = 16,
            DraftModel = new LoadedModel(small, ops),
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pools are meant to be too small.");
    }
}
