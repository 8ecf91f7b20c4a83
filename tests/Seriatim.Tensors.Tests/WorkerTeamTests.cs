namespace Seriatim.Tensors.Tests;

public sealed unsafe class WorkerTeamTests
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

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_call_from_within_a_piece_is_refused(int threads)
    {
        using var team = new WorkerTeam(threads);
        var nested = new Nested { Team = team };
        string message = Assert.Throws<InvalidOperationException>(() => team.Run(64, ref nested)).Message;
        Assert.Contains($"{threads} threads", message);
        var disposing = new Nested { Team = team, Disposes = true };
        Assert.Throws<InvalidOperationException>(() => team.Run(64, ref disposing));
        var work = new Counting { Counts = new int[10] };
        team.Run(10, ref work);
        Assert.All(work.Counts, count => Assert.Equal(1, count));

        // Another team may be asked.
        using var other = new WorkerTeam(2);
        var apart = new Nested { Team = other };
        team.Run(8, ref apart);
    }

    [Fact]
    public void Scratch_that_was_not_to_be_had_leaves_nothing_behind()
    {
        using var team = new WorkerTeam(1);
        team.ScratchOf(0).Take(100)[99] = 1;
        Assert.Throws<OutOfMemoryException>(() => { team.ScratchOf(0).Take(long.MaxValue / 8); });
        float* scratch = team.ScratchOf(0).Take(50);
        new Span<float>(scratch, 50).Fill(2);
        for (int i = 0; i < 100; i++)
        {
            // Memory that was given back and is still written to would be handed out here.
            float* other = (float*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc(400, 64);
            Assert.False(other == scratch);
            System.Runtime.InteropServices.NativeMemory.AlignedFree(other);
        }
    }

    [Fact]
    public void A_stopped_team_says_so()
    {
        var team = new WorkerTeam(2);
        team.Dispose();
        var work = new Counting { Counts = new int[10] };
        Assert.Throws<ObjectDisposedException>(() => team.Run(10, ref work));
    }

    [Fact]
    public void A_tensor_that_was_not_to_be_had_counts_for_nothing()
    {
        long before = TensorPool.Shared.LiveBytes;
        Assert.ThrowsAny<Exception>(() => Tensor.Create(int.MaxValue, 1 << 20));
        Assert.ThrowsAny<Exception>(() => Tensor.Create(int.MaxValue, int.MaxValue));
        Assert.InRange(TensorPool.Shared.LiveBytes, 0, before + (1L << 40));
    }

    private struct Nested : IWork
    {
        public WorkerTeam Team;
        public bool Disposes;

        public readonly void Do(int piece, int worker)
        {
            if (Disposes)
                Team.Dispose();
            var work = new Counting { Counts = new int[4] };
            Team.Run(4, ref work);
        }
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
