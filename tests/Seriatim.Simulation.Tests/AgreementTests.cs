namespace Seriatim.Simulation.Tests;

/// <summary>The simulation is the engine in all but the tokens: request by request, to the tick.</summary>
public sealed class AgreementTests
{
    internal static readonly StepPrice Price = new(0.004, 0.0005, 0.0002, 0.000001);

    /// <summary>Pages, sequences, prefix cache, requests a second, tokens of answers.</summary>
    public static TheoryData<int, int, bool, double, int> Engines => new()
    {
        { 400, 8, true, 3, 6 }, // room for all
        { 60, 6, true, 12, 6 }, // the cache has to give pages up
        { 45, 8, true, 30, 14 }, // and so have requests that run
        { 45, 8, false, 30, 14 },
    };

    [Theory]
    [MemberData(nameof(Engines))]
    public void Every_request_fares_as_in_the_engine(int pages, int sequences, bool caches, double rate, int output)
    {
        Trace trace = Small(rate, requests: 120, output);
        var options = new EngineOptions
        {
            Pages = pages,
            PageSize = 4,
            MaxSequences = sequences,
            TokenBudget = 64,
            PrefixCache = caches,
            StepTime = TimeSpan.FromMilliseconds(20),
        };
        EngineTwin.Fate[] expected = EngineTwin.Serve(trace, options, Price);
        var found = new EngineTwin.Fate[trace.Requests.Count];
        ClusterOutcome outcome = ClusterSimulation.Run(trace, Alone(options), ended: stream => found[stream.Number] = new(
            stream.FirstRun!.Group!.CachedTokens, stream.First / 100, stream.LastNew / 100, stream.Run!.Group!.Preemptions));
        Assert.Equal(expected, found);
        Assert.Equal(expected.Sum(fate => (long)fate.Cached), outcome.CachedTokens);
        Assert.Equal(expected.Sum(fate => (long)fate.Preemptions), outcome.Preemptions);
        Assert.Equal(caches, outcome.CachedTokens > 0);
        Assert.Equal(pages == 45, outcome.Preemptions > 0);
    }

    /// <summary>One real engine with its thread, one request after the other: the hit rate is the same number.</summary>
    [Fact]
    public async Task The_hit_rate_is_that_of_an_engine()
    {
        Trace trace = Small(rate: 0.001, requests: 60);
        var options = new EngineOptions { Pages = 120, PageSize = 4, MaxSequences = 4, TokenBudget = 64 };
        using var model = new FakeModel(vocabulary: EngineTwin.Vocabulary);
        await using var engine = new GenerationEngine(model, options);
        var texts = new Dictionary<int, List<int>>();
        (long prompts, long cached) = (0, 0);
        var order = new List<int>();
        ClusterOutcome outcome = ClusterSimulation.Run(trace, Alone(options), ended: stream => order.Add(stream.Number));
        foreach (int number in order)
        {
            TraceRequest request = trace.Requests[number];
            GenerationResult result = await engine.CompleteAsync(new GenerationRequest
            {
                Prompt = EngineTwin.PromptOf(request, texts),
                MaxNewTokens = request.Output,
                Seed = (ulong)number,
            });
            texts[request.Conversation].AddRange(result.Choices[0].TokenIds);
            (prompts, cached) = (prompts + result.Usage.PromptTokens, cached + result.Usage.CachedTokens);
        }

        Assert.Equal((prompts, cached), (outcome.PromptTokens, outcome.CachedTokens));
        Assert.Equal((double)cached / prompts, outcome.HitRate);
        Assert.InRange(outcome.HitRate, 0.3, 0.95);
    }

    /// <summary>A small trace of conversations, whose times are whole ticks.</summary>
    internal static Trace Small(double rate, int requests, int output = 6) => new(new TraceRecipe
    {
        Requests = requests,
        Rate = rate,
        Turns = 3,
        Think = 0.3,
        Prompt = 9,
        Output = output,
        Prefixes = 2,
        PrefixTokens = 13,
        Context = 160,
    }.Make(7).Requests.Select(one => one with { At = Math.Round(one.At, 6), Think = Math.Round(one.Think, 6) }));

    internal static ClusterPlan Alone(EngineOptions options) => new()
    {
        Replicas = 1,
        Doors = 1,
        Engine = options,
        Price = Price,
        ThereSeconds = 0,
        BackSeconds = 0,
    };
}
