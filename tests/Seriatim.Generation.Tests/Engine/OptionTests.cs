using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>What the options of a request do, through the engine.</summary>
public sealed class OptionTests
{
    private static readonly GenerationRequest Base = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 30, Seed = 3 };

    [Fact]
    public void EndIdsEndMinTokensHoldThemBackAndIgnoringForbidsThem()
    {
        using var model = new FakeModel();
        IReadOnlyList<int> free = Run(model, Base).TokenIds;
        int end = free[4];
        GenerationChoice ended = Run(model, Base with { EndIds = [end] });
        Assert.Equal(free.Take(free.ToList().IndexOf(end) + 1), ended.TokenIds);
        Assert.Equal(FinishReason.EndOfSequence, ended.Finish);
        Assert.Equal(FinishReason.StopId, Run(model, Base with { StopIds = [end] }).Finish);
        GenerationChoice held = Run(model, Base with { EndIds = [end], MinNewTokens = 12 });
        Assert.True(held.TokenIds.Count >= 12 && !held.TokenIds.Take(11).Contains(end));
        GenerationChoice ignored = Run(model, Base with { EndIds = [end], IgnoreEndIds = true });
        Assert.Equal((30, false), (ignored.TokenIds.Count, ignored.TokenIds.Contains(end)));
        using var core = new EngineCore(model, new EngineOptions { Pages = 50, EndIds = [end] });
        GenerationHandle handle = core.Add(Base);
        core.Drain();
        Assert.Equal(ended.TokenIds, handle.Result().Choices[0].TokenIds);
    }

    [Fact]
    public void ConstraintsAndForcedTokensHold()
    {
        using var model = new FakeModel();
        TokenConstraints allowed = new() { Allowed = [4, 5, 6] };
        Assert.All(Run(model, Base with { Sampling = new() { Constraints = allowed } }).TokenIds, id => Assert.InRange(id, 4, 6));
        TokenConstraints bias = new() { LogitBias = new Dictionary<int, float> { [17] = 100 } };
        Assert.All(Run(model, Base with { Sampling = new() { Constraints = bias } }).TokenIds, id => Assert.Equal(17, id));
        GenerationChoice forced = Run(model, Base with { ForcedPrefix = [9, 8, 7], ForcedEndId = 11, EndIds = [11], Sampling = SamplingOptions.Greedy });
        Assert.Equal([9, 8, 7], forced.TokenIds.Take(3));
        Assert.Equal(11, forced.TokenIds[^1]);
        GenerationChoice beam = Run(model, Base with { ForcedPrefix = [9, 8, 7], Beam = new(), Count = 4 }, 3);
        Assert.Equal([9, 8, 7], beam.TokenIds.Take(3));
    }

    [Fact]
    public void NoNgramComesTwice()
    {
        using var model = new FakeModel { Preference = 8 };
        IReadOnlyList<int> ids = Run(model, Base with { Sampling = new() { Temperature = 0, Penalties = new() { NoRepeatNgramSize = 2 } } }).TokenIds;
        int[] all = [1, 2, 3, .. ids];
        Assert.Equal(all.Length - 1, all.Zip(all.Skip(1)).Distinct().Count());
    }

    [Fact]
    public void TheSameSeedGivesTheSameAndEveryContinuationIsItsOwn()
    {
        using var model = new FakeModel();
        GenerationResult three = Runs.Alone(model, Base with { Count = 3 });
        GenerationResult one = Runs.Alone(model, Base);
        Assert.Equal(one.Choices[0].TokenIds, three.Choices[0].TokenIds);
        Assert.Equal(3, three.Choices.Select(c => string.Join(' ', c.TokenIds)).Distinct().Count());
        Assert.NotEqual(one.Choices[0].TokenIds, Runs.Alone(model, Base with { Seed = 4 }).Choices[0].TokenIds);
    }

    [Fact]
    public void BestOfReturnsTheBestByMeanLogprob()
    {
        using var model = new FakeModel();
        GenerationResult all = Runs.Alone(model, Base with { Count = 6, Logprobs = 0 });
        GenerationResult best = Runs.Alone(model, Base with { Count = 2, BestOf = 6 });
        GenerationChoice[] expected = [.. all.Choices.OrderByDescending(c => c.Logprobs!.Average(l => l.Chosen.Logprob)).Take(2)];
        Assert.Equal(expected[0].TokenIds, best.Choices[0].TokenIds);
        Assert.Equal(expected[1].TokenIds, best.Choices[1].TokenIds);
        Assert.Equal(180, best.Usage.NewTokens);
    }

    [Fact]
    public void LogprobsAreOfTheModelNotOfTheSampler()
    {
        using var model = new FakeModel();
        GenerationResult result = Runs.Alone(model, Base with { Logprobs = 50, Sampling = new() { Temperature = 0.3f, TopK = 2 } });
        foreach (TokenLogprobs logprobs in result.Choices[0].Logprobs!)
        {
            Assert.Equal(1, logprobs.Top.Sum(t => Math.Exp(t.Logprob)), 3e-7);
            Assert.Equal(logprobs.Chosen, logprobs.Top[logprobs.Rank]);
            Assert.InRange(logprobs.Rank, 0, 1);
        }
    }

    [Fact]
    public async Task TheSecondPromptComesFromThePrefixCache()
    {
        using var model = new FakeModel();
        using var engine = new GenerationEngine(model, new EngineOptions { Pages = 100 });
        GenerationRequest request = Base with { Prompt = Enumerable.Range(0, 48).ToArray() };
        GenerationResult first = await engine.CompleteAsync(request);
        long rows = (await engine.GetStatisticsAsync()).Rows;
        GenerationResult second = await engine.CompleteAsync(request);
        EngineStatistics statistics = await engine.GetStatisticsAsync();
        Assert.Equal(first.Choices[0].TokenIds, second.Choices[0].TokenIds);
        Assert.Equal((0, 32), (first.Usage.CachedTokens, second.Usage.CachedTokens));
        Assert.Equal((1, 32), (statistics.PrefixHits, statistics.TokensSaved));
        Assert.Equal(rows - 32, statistics.Rows - rows);
        Assert.Equal(0, (await engine.CompleteAsync(request with { UsePrefixCache = false })).Usage.CachedTokens);
    }

    [Fact]
    public void ForwardWorkIsLinearInTheTokens()
    {
        using var model = new FakeModel();
        foreach (int count in (int[])[10, 100, 1000])
            Assert.Equal(3 + count - 1, Runs.Alone(model, Base with { MaxNewTokens = count }).Usage.ForwardRows);
    }

    [SharedFact]
    public async Task StopStringsEndTheTextBeforeThem()
    {
        string folder = Shared.Path("models", "stories260K");
        using Model model = Model.Load(folder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        using var engine = new GenerationEngine(new LoadedModel(model, CpuOps.Create(1)), new EngineOptions { Pages = 100 });
        var request = new GenerationRequest
        {
            Prompt = tokenizer.Encode("Once upon a time"),
            MaxNewTokens = 60,
            Sampling = SamplingOptions.Greedy,
            Tokenizer = tokenizer,
        };
        string whole = (await engine.CompleteAsync(request)).Choices[0].Text;
        string stop = whole.Substring(40, 5);
        string text = "";
        FinishReason? finish = null;
        await foreach (GenerationUpdate update in engine.GenerateAsync(request with { StopStrings = [stop] }))
            (text, finish) = (text + update.Text, update.Finish);
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], text);
        Assert.Equal(FinishReason.StopString, finish);
    }

    private static GenerationChoice Run(FakeModel model, GenerationRequest request, int choice = 0) => Runs.Alone(model, request).Choices[choice];
}
