namespace Seriatim.Generation.Tests;

/// <summary>One at a time, in the order of asking.</summary>
public sealed class TurnsTests
{
    [Fact]
    public void WhoAsksFirstComputesFirstAndWhoHadHisTurnGoesToTheEnd()
    {
        var turns = new Turns();
        var order = new List<int>();
        Turns.Turn held = turns.Take();
        var threads = new List<Thread>();
        for (int i = 0; i < 4; i++)
        {
            int number = i;
            threads.Add(new Thread(() =>
            {
                for (int round = 0; round < 3; round++)
                {
                    using Turns.Turn turn = turns.Take();
                    order.Add(number);

                    // All others that have turns left stand in line before this one ends.
                    int others = Enumerable.Range(0, 4).Count(other => other != number && order.Count(had => had == other) < 3);
                    SpinWait.SpinUntil(() => turns.Waiting == others);
                }
            }));
            threads[^1].Start();
            SpinWait.SpinUntil(() => turns.Waiting == number + 1);
        }

        held.Dispose();
        threads.ForEach(thread => thread.Join());
        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3], order);
        Assert.Equal(0, turns.Waiting);
    }

    [Fact]
    public void NeverTwoAtATime()
    {
        var turns = new Turns();
        int inside = 0, most = 0, done = 0;
        Thread[] threads = [.. Enumerable.Range(0, 8).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 2000; i++)
            {
                using Turns.Turn turn = turns.Take();
                most = Math.Max(most, Interlocked.Increment(ref inside));
                done++;
                Interlocked.Decrement(ref inside);
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.Equal((1, 16000, 0), (most, done, turns.Waiting));
    }
}
