namespace Seriatim.Tensors.Tests;

public sealed class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_piece_is_done_once(int threads)
    {
        using var team = new WorkerTeam(threads);
        foreach (int pieces in new[] { 0, 1, 2, 7, 1000 })
        {
            var work = new Counting { Counts = new int[pieces] };
            for (int round = 0; round < 200; round++)
                team.Run(pieces, ref work);
            Assert.All(work.Counts, count => Assert.Equal(200, count));
        }
    }

    [Fact]
    public void Calls_from_several_threads_follow_one_another()
    {
        using var team = new WorkerTeam(3);
        int[] counts = new int[64];
        Parallel.For(0, 8, _ =>
        {
            var work = new Counting { Counts = counts };
            for (int round = 0; round < 300; round++)
                team.Run(counts.Length, ref work);
        });
        Assert.All(counts, count => Assert.Equal(2400, count));
    }

    [Fact]
    public void A_failure_reaches_the_caller_and_the_team_goes_on()
    {
        using var team = new WorkerTeam(2);
        var failing = new Failing();
        Assert.Throws<InvalidOperationException>(() => team.Run(50, ref failing));
        var work = new Counting { Counts = new int[10] };
        team.Run(10, ref work);
        Assert.All(work.Counts, count => Assert.Equal(1, count));
    }

    private struct Counting : IWork
    {
        public int[] Counts;

        public readonly void Do(int piece, int worker) => Interlocked.Increment(ref Counts[piece]);
    }

    private struct Failing : IWork
    {
        public readonly void Do(int piece, int worker)
        {
            if (piece == 13)
                throw new InvalidOperationException("Piece 13 fails.");
        }
    }
}
