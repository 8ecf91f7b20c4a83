namespace Seriatim.Generation.Tests;

/// <summary>What a request gives depends on nothing but the request.</summary>
public sealed class LoadTests
{
    public static TheoryData<int, bool, int, int> Settings => new()
    {
        { 1, true, 40, 64 },
        { 1, false, 40, 64 },
        { 2, true, 64, 96 },
        { 2, false, 80, 24 },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void TwoHundredRequestsUnderLoadEqualThemselvesAlone(int threads, bool prefixCache, int pages, int budget)
    {
        using var model = new FakeModel(threads);
        using var draft = new FakeModel(1, seed: 2);
        GenerationRequest[] requests = Mixture.Requests(200, seed: 7 + pages, model.VocabularySize, drafts: true);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = pages,
            PageSize = 8,
            TokenBudget = budget,
            MaxSequences = 24,
            PrefixCache = prefixCache,
            DraftModel = draft,
        });
        GenerationHandle[] handles = RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pool is meant to be too small.");
        Assert.Equal(prefixCache, core.Statistics.TokensSaved > 0);
        Assert.True(core.Statistics.LargestStep <= budget);
        core.Cache?.Clear();
        Assert.Equal(pages, core.Pages().Free);
    }

    [Fact]
    public void EncoderDecoderRequestsUnderLoadEqualThemselvesAlone()
    {
        using var model = new FakeModel(capability: ModelCapability.EncoderDecoder);
        GenerationRequest[] requests = Mixture.Requests(100, seed: 5, model.VocabularySize, longest: 4, encoder: []);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        using var core = new EngineCore(model, new EngineOptions { Pages = 56, PageSize = 4, TokenBudget = 64, MaxSequences = 24 });
        GenerationHandle[] handles = RunAll(core, requests, seed: 4);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.Equal(56, core.CrossPages().Free);
        Assert.True(core.Statistics.Preemptions > 0);
    }

    internal static GenerationHandle[] RunAll(EngineCore core, GenerationRequest[] requests, int seed, int arrivals = 3)
    {
        var random = new Random(seed);
        var handles = new GenerationHandle[requests.Length];
        int next = 0;
        while (next < requests.Length || !core.IsIdle)
        {
            for (int left = random.Next(arrivals); left > 0 && next < requests.Length; left--, next++)
                handles[next] = core.Add(requests[next], next + 1);
            core.Step();
            Assert.Null(core.LastFailure);
        }

        return handles;
    }
}
