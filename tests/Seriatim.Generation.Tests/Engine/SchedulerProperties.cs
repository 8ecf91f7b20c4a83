using FsCheck;
using FsCheck.Fluent;

namespace Seriatim.Generation.Tests;

/// <summary>Whatever comes in when: the budget holds, plans are consistent, nobody starves, no page is lost.</summary>
public sealed class SchedulerProperties
{
    [Fact]
    public void AnyArrivalsKeepTheRules()
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(150).WithReplay(42, 7);
        using var model = new FakeModel();
        Check.One(config, Prop.ForAll(ArbMap.Default.ArbFor<(byte, byte, byte)[]>(), ArbMap.Default.ArbFor<byte>(), (arrivals, setting) =>
            Run(model, arrivals, setting)));
    }

    [Theory]
    [InlineData(Remembers.States)]
    [InlineData(Remembers.Both)]
    public void AnyArrivalsKeepTheRulesOfStatesToo(Remembers kinds)
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(100).WithReplay(43, 7);
        using var model = new FakeModel(remembers: kinds);
        Check.One(config, Prop.ForAll(ArbMap.Default.ArbFor<(byte, byte, byte)[]>(), ArbMap.Default.ArbFor<byte>(),
            (arrivals, setting) =>
            Run(model, arrivals, setting)));
    }

    [Fact]
    public void APlanChangesNothing()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 30, PageSize = 4, TokenBudget = 32, MaxSequences = 16 });
        GenerationRequest[] requests = [.. Mixture.Requests(40, 3, 50, longest: 20).Where(r => r.Speculation is null && r.Beam is null && (r.BestOf ?? r.Count) == 1)];
        for (int i = 0; i < requests.Length; i++)
            core.Add(requests[i], i + 1);
        do
        {
            string first = Describe(core.Scheduler.Plan());
            Assert.Equal(first, Describe(core.Scheduler.Plan()));
        }
        while (core.Step());
    }

    [Fact]
    public void ARequestThatWaitsForPagesIsOvertakenOnlySoOften()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 20, PageSize = 4, TokenBudget = 32, MaxSequences = 16, MaxOvertaking = 5, PrefixCache = false });
        core.Add(new GenerationRequest { Prompt = new int[20], MaxNewTokens = 20 }, 1);
        core.Step();
        GenerationHandle large = core.Add(new GenerationRequest { Prompt = new int[70], MaxNewTokens = 2 }, 2);
        int number = 3;
        int steps = 0;
        while (!large.Completion.IsCompleted)
        {
            core.Add(new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 6 }, number++);
            core.Step();
            Assert.True(++steps < 200, "The large request starves.");
        }
    }

    [Fact]
    public void HigherPriorityGoesFirstAndTakesPages()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 12, PageSize = 4, TokenBudget = 64, MaxSequences = 16, PrefixCache = false });
        var request = new GenerationRequest { Prompt = new int[20], MaxNewTokens = 20 };
        GenerationHandle low = core.Add(request, 1);
        for (int i = 0; i < 5; i++)
            core.Step();
        GenerationHandle high = core.Add(request with { Priority = 1 }, 2);
        while (!high.Completion.IsCompleted)
            core.Step();
        Assert.False(low.Completion.IsCompleted);
        core.Drain();
        Assert.True(low.Result().Usage.Preemptions > 0);
        Assert.Equal(high.Result().Choices[0].TokenIds, low.Result().Choices[0].TokenIds);
    }

    private static void Run(FakeModel model, (byte Delay, byte Prompt, byte New)[] arrivals, byte setting)
    {
        int budget = 16 + setting % 5 * 8;
        int pages = 40 + setting % 7 * 5;
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = pages,
            States = 6 + setting % 11 * 4,
            PageSize = setting % 2 == 0 ? 4 : 8,
            TokenBudget = budget,
            MaxSequences = 12,
            PrefixCache = setting % 3 != 0,
        });
        core.Planned = plan => CheckPlan(plan, budget);
        var handles = new List<GenerationHandle>();
        foreach ((byte delay, byte prompt, byte count) in arrivals)
        {
            for (int i = 0; i < delay % 4; i++)
                core.Step();
            int width = count % 5 == 0 ? 3 : 1;
            handles.Add(core.Add(new GenerationRequest
            {
                Prompt = Enumerable.Range(0, 1 + prompt % 40).Select(p => p * prompt % 50).ToArray(),
                MaxNewTokens = 1 + count % 20,
                Count = width,
                Priority = prompt % 9 == 0 ? 1 : 0,
                Beam = count % 7 == 0 ? new BeamOptions { Beams = 3 } : null,
            }, handles.Count + 1));
        }

        int steps = 0;
        while (core.Step())
            Assert.True(++steps < 20000, "Requests do not end.");
        Assert.Null(core.LastFailure);
        Assert.All(handles, handle => Assert.True(handle.Completion.IsCompletedSuccessfully));
        core.Cache?.Clear();
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }

    private static void CheckPlan(StepPlan plan, int budget)
    {
        Assert.True(plan.Segments.Sum(s => s.AllRows) <= budget);
        Assert.Equal(plan.Segments.Count, plan.Segments.Select(s => s.Sequence).Distinct().Count());
        Assert.All(plan.Segments, s => Assert.True(s.Rows > 0 && s.First + s.Rows <= s.Sequence.Tokens.Count));
        Assert.DoesNotContain(plan.Segments, s => plan.Preempted.Contains(s.Group));
    }

    private static string Describe(StepPlan plan) =>
        string.Join("; ", plan.Preempted.Select(g => $"-{g.Number}")) + "|" + string.Join("; ", plan.Admitted.Select(a => $"+{a.Group.Number} {a.PrefixPages}")) + "|" +
        string.Join("; ", plan.Segments.Select(s => $"{s.Sequence.Id} {s.First} {s.Rows} {s.Drafts} {s.Outputs} {s.Units[0]}"));
}
