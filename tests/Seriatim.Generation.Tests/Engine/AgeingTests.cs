namespace Seriatim.Generation.Tests;

/// <summary>
/// Who waits gains rank: enough to come in, never enough to throw others out, and not by leaving a stream unread.
/// </summary>
public sealed class AgeingTests
{
    [Fact]
    public void Two_that_do_not_fit_together_do_not_take_turns_for_ever()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = 30,
            PageSize = 4,
            TokenBudget = 4,
            MaxSequences = 2,
            PrefixCache = false,
            AgeingSteps = 4,
        });
        var request = new GenerationRequest { Prompt = new int[90], MaxNewTokens = 8, Seed = 1 };
        GenerationHandle[] handles = [core.Add(request, 1), core.Add(request, 2)];
        for (int i = 0; i < 200; i++)
            core.Step();
        Assert.All(handles, handle => Assert.True(handle.Outcome.IsCompletedSuccessfully));
        Assert.Equal(0, core.Statistics.Preemptions);
    }

    [Fact]
    public void The_highest_rank_does_not_become_the_lowest()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 8, PageSize = 4, MaxSequences = 1, PrefixCache = false, AgeingSteps = 2 });
        var request = new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 20 };
        core.Add(request, 1);
        core.Step();
        core.Add(request with { Priority = int.MaxValue, Count = 1, MaxNewTokens = 10 }, 2);
        core.Add(request with { Priority = int.MaxValue }, 3);
        for (int i = 0; i < 6; i++)
            core.Step();
        Assert.All(core.Scheduler.Waiting, group => Assert.InRange(group.Priority, 0, int.MaxValue));
    }

    [Fact]
    public void Who_waits_for_his_reader_gains_nothing()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model,
            new EngineOptions { Pages = 40, PageSize = 4, PrefixCache = false, AgeingSteps = 4 });
        var request = new GenerationRequest { Prompt = new[] { 1 }, MaxNewTokens = 60, Seed = 1 };
        var unread = new GenerationHandle(1, 1, () => { }, default) { MaxUnread = 4 };
        core.Add(request, core.Check(request), unread, 0);
        core.Add(request, 2);
        for (int i = 0; i < 40; i++)
            core.Step();
        Assert.Equal(0, Assert.Single(core.Scheduler.Waiting).Priority);
    }

    [Fact]
    public void A_reader_who_comes_while_a_step_is_planned_breaks_nothing()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 40 });
        var work = new ReadMeanwhile();
        core.Scheduler.Add(new SequenceGroup(1, 0, 1) { Work = work });
        Assert.False(core.Step());
        Assert.True(work.Looks > 0);
    }

    /// <summary>It waits for its reader when it is looked at for the first time, and not when it is looked at again.</summary>
    private sealed class ReadMeanwhile : IGroupWork
    {
        public int Looks { get; private set; }

        public IReadOnlyList<SequenceState> Live => [];

        public bool IsExported => false;

        public bool IsPaused => Looks++ == 0;

        public bool IsCancelled => false;

        public bool IsDone { get; private set; }

        public void Wish(WishList wishes)
        {
        }

        public void Take(SequenceGroup group, ReadOnlySpan<PlannedSegment> segments, int first, StepRows rows)
        {
        }

        public void Expire(SequenceGroup group) => IsDone = true;

        public void Cancel(SequenceGroup group) => IsDone = true;

        public void Fail(Exception exception) => IsDone = true;

        public void Export(SequenceGroup group) => IsDone = true;
    }
}
