namespace Seriatim.Generation.Tests;

/// <summary>
/// Published families that remember states, alone and beside pages, under all that an engine does: whatever happens, a request
/// gives what it gives alone, and a conversation goes on from where it was.
/// </summary>
public sealed class RecurrentFamilyTests
{
    /// <summary>Golden model, and how many states and pages make the pools too small for all that comes.</summary>
    public static TheoryData<string, int, int> Families => new()
    {
        { "mamba", 30, 60 }, { "mamba2-groups", 30, 60 }, { "retnet", 30, 60 }, { "jamba", 30, 44 },
        { "lstm", 30, 60 }, { "gru", 30, 60 },
    };

    [SharedTheory]
    [MemberData(nameof(Families))]
    public void TwoHundredMixedRequestsUnderPreemptionEqualThemselvesAlone(string name, int states, int pages)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model model = Model.Load(Shared.Path("golden", name));
        var loaded = new LoadedModel(model, ops);
        GenerationRequest[] requests = Mixture.Requests(200, seed: 41, loaded.VocabularySize, drafts: true, longest: 40);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(loaded, r with { Speculation = null }))];
        using var core = new EngineCore(loaded, new EngineOptions
        {
            Pages = pages,
            States = states,
            PageSize = 8,
            TokenBudget = 48,
            MaxSequences = 24,
            DraftModel = loaded,
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 6, arrivals: 30);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"{name}, request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pools are meant to be too small.");
        Assert.True(core.Statistics.TokensSaved > 0);
        core.Cache!.Clear();
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }

    /// <summary>Chains and trees of drafts, right and wrong ones: states go back to where a draft was refused.</summary>
    [SharedTheory]
    [InlineData("mamba", SpeculationKind.PromptLookup, 1)]
    [InlineData("mamba", SpeculationKind.PromptLookup, 3)]
    [InlineData("mamba", SpeculationKind.DraftModel, 1)]
    [InlineData("retnet", SpeculationKind.DraftModel, 1)]
    [InlineData("jamba", SpeculationKind.PromptLookup, 3)]
    [InlineData("lstm", SpeculationKind.PromptLookup, 3)]
    [InlineData("lstm", SpeculationKind.DraftModel, 1)]
    [InlineData("gru", SpeculationKind.PromptLookup, 1)]
    public void SpeculationEqualsPlainDecoding(string name, SpeculationKind kind, int branches)
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model model = Model.Load(Shared.Path("golden", name));
        var loaded = new LoadedModel(model, ops);
        int[] prompt = [.. Enumerable.Range(0, 40).Select(i => i % 10 * 7 % loaded.VocabularySize)];
        foreach (SamplingOptions sampling in (SamplingOptions[])[SamplingOptions.Greedy,
            new() { Temperature = 0.9f, TopP = 0.95f }])
        {
            var request = new GenerationRequest
            {
                Prompt = prompt,
                MaxNewTokens = 60,
                Sampling = sampling,
                Seed = 5,
                Logprobs = 1,
            };
            GenerationResult expected = Runs.Alone(loaded, request);
            using var core = new EngineCore(loaded,
                new EngineOptions { Pages = 100, States = 40, PageSize = 8, DraftModel = loaded });
            GenerationHandle handle = core.Add(request with
            {
                Speculation = new() { Kind = kind, MaxTokens = 6, Branches = branches, Always = true },
            });
            core.Drain();
            Runs.Equal(expected, handle.Result(), $"{name}, {kind}, {branches} branches, {sampling}");
            GenerationUsage usage = handle.Result().Usage;
            Assert.True(usage.DraftTokens > 0);
            Assert.True(kind == SpeculationKind.DraftModel || usage.AcceptedTokens < usage.DraftTokens,
                "Some are meant to be refused.");
        }
    }

    [SharedTheory]
    [InlineData("mamba")]
    [InlineData("mamba2")]
    [InlineData("retnet")]
    [InlineData("jamba")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void ASecondTurnReadsOnlyTheNewText(string name)
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model model = Model.Load(Shared.Path("golden", name));
        var loaded = new LoadedModel(model, ops);
        using var core = new EngineCore(loaded, new EngineOptions { Pages = 200, States = 6, PageSize = 4, MaxSequences = 2 });
        List<int> text = [.. Enumerable.Range(0, 70).Select(i => i * 11 % loaded.VocabularySize)];
        for (int turn = 0; turn < 3; turn++)
        {
            EngineStatistics before = core.Statistics;
            var request = new GenerationRequest { Prompt = text.ToArray(), MaxNewTokens = 30, Seed = 3, EndIds = [] };
            GenerationHandle handle = core.Add(request, turn + 1);
            core.Drain();
            Runs.Equal(Runs.Alone(loaded, request), handle.Result(), $"{name}, turn {turn}");
            long saved = core.Statistics.TokensSaved - before.TokensSaved;
            if (turn > 0)
            {
                Assert.Equal(before.PrefixHits + 1, core.Statistics.PrefixHits);
                int known = text.Count - 3; // this turn's own text is three tokens, and the last answer's last was never read
                Assert.InRange(saved, (known - 1) / 4 * 4, known);
            }

            text.AddRange(handle.Result().Choices[0].TokenIds);
            text.AddRange([turn, 7, 3]);
        }
    }
}
