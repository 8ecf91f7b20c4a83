using Seriatim.Training;
using Seriatim.Training.Tests;

namespace Seriatim.Generation.Tests;

/// <summary>Ranks that are heard of, that stand still, and that leave.</summary>
public sealed class RankSilenceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_rank_of_which_nothing_is_heard_for_as_long_as_the_limit_is_named()
    {
        var silence = new RankSilence([1, 2, 3], 4 * Second, Second);
        for (int i = 0; i < 3; i++)
            silence.Pass(Second);
        Assert.Null(silence.Silent);
        silence.Hear(1);
        silence.Hear(3);
        silence.Pass(Second);
        Assert.Equal(2, silence.Silent);
        silence.Hear(2);
        Assert.Null(silence.Silent);
    }

    /// <summary>One that has left is silent for good reason, and hides no other.</summary>
    [Fact]
    public void A_rank_that_has_left_is_not_waited_for()
    {
        var silence = new RankSilence([1, 2], 2 * Second, Second);
        silence.Forget(1);
        silence.Pass(Second);
        Assert.Null(silence.Silent);
        silence.Pass(Second);
        Assert.Equal(2, silence.Silent);
    }

    /// <summary>All processes were stopped for an hour: nobody is to blame.</summary>
    [Fact]
    public void Time_in_which_this_process_stood_still_does_not_count()
    {
        var silence = new RankSilence([1], 10 * Second, Second);
        silence.Pass(TimeSpan.FromHours(1));
        Assert.Null(silence.Silent);
        silence.Hear(1);
        for (int i = 0; i < 10; i++)
            silence.Pass(Second);
        Assert.Equal(1, silence.Silent);
    }

    [Fact]
    public void Without_a_limit_nobody_is_silent_for_too_long()
    {
        var silence = new RankSilence([1], Timeout.InfiniteTimeSpan, Second);
        for (int i = 0; i < 100; i++)
            silence.Pass(Second);
        Assert.Null(silence.Silent);
    }

    /// <summary>Rank 0 hears of one that gives no sign and of the other's memory; the one that does hears of rank 0.</summary>
    [Fact]
    public void Watches_hear_of_each_other_and_leave_together()
    {
        Exception?[] failures = ThreadGroup.Run(3, group =>
        {
            using var asked = new ManualResetEventSlim();
            using var watch = new RankWatch(group, Timeout.InfiniteTimeSpan, (_, _) => { });
            if (!group.IsFirst)
            {
                // Rank 1 is told to stop, as by SIGTERM; that is rank 0's to do.
                if (group.Rank == 1)
                    watch.AskToStop();
                return;
            }

            watch.OnStopAsked(asked.Set);
            Assert.True(asked.Wait(TimeSpan.FromMinutes(2)));
            Assert.NotNull(watch.ResidentBytesOf(1));
        });
        Assert.All(failures, Assert.Null);
    }

    [Fact]
    public void A_rank_that_gives_no_sign_is_told()
    {
        Exception?[] failures = ThreadGroup.Run(2, group =>
        {
            if (!group.IsFirst)
            {
                // It is there, and says nothing until rank 0 has said that it waits no more.
                using IncomingMessage end = group.Receive(0, 1, 1);
                end.Wait();
                return;
            }

            using var told = new ManualResetEventSlim();
            int silent = 0;
            using (new RankWatch(group, Second / 4, (rank, _) =>
            {
                silent = rank;
                told.Set();
            }))
            {
                Assert.True(told.Wait(TimeSpan.FromMinutes(2)));
                Assert.Equal(1, silent);
            }

            group.Send(1, 1, [1]);
        });
        Assert.All(failures, Assert.Null);
    }
}
