namespace Seriatim.Models.Tests;

/// <summary>Pages are counted exactly, and memories do what their contract says.</summary>
public sealed class MemoryTests : IDisposable
{
    private readonly PagePool _pool = new(new KeyValuePool(layers: 1, heads: 1, headDim: 4, pageSize: 4, pages: 6));
    private readonly MemoryPools _pools;

    public MemoryTests() => _pools = new MemoryPools(4, _pool);

    public void Dispose() => _pools.Dispose();

    [Fact]
    public void PagesAreSharedByForksAndCopiedOnWrite()
    {
        SequenceMemory parent = _pools.NewMemory();
        parent.Prepare(6);
        parent.Commit(6);
        Assert.Equal(4, _pool.Free);
        SequenceMemory child = parent.Fork();
        Assert.Equal(4, _pool.Free);
        Assert.Equal(PagesOf(parent), PagesOf(child));
        child.Prepare(1);
        Assert.Equal(3, _pool.Free);
        Assert.Equal(PagesOf(parent)[0], PagesOf(child)[0]);
        Assert.NotEqual(PagesOf(parent)[1], PagesOf(child)[1]);
        parent.Prepare(1);
        Assert.Equal(3, _pool.Free);
        parent.Dispose();
        Assert.Equal(4, _pool.Free);
        child.Dispose();
        Assert.Equal(6, _pool.Free);
    }

    [Fact]
    public void TooFewPagesChangeNothing()
    {
        using SequenceMemory memory = _pools.NewMemory();
        memory.Prepare(10);
        memory.Commit(10);
        using SequenceMemory fork = memory.Fork();
        var error = Assert.Throws<OutOfPagesException>(() => fork.Prepare(15));
        Assert.Equal((5, 3), (error.Needed, error.Free));
        Assert.Equal(PagesOf(memory), PagesOf(fork));
        Assert.Equal(0, fork.Prepared);
        Assert.Equal(3, _pool.Free);
        fork.Prepare(6);
        Assert.Equal(1, _pool.Free);
    }

    [Fact]
    public void RejectedRowsGiveTheirPagesBack()
    {
        using SequenceMemory memory = _pools.NewMemory();
        memory.Prepare(12);
        Assert.Equal(3, _pool.Free);
        memory.Commit(3);
        Assert.Equal((3, 0, 5), (memory.Length, memory.Prepared, _pool.Free));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Commit(1));
    }

    [Fact]
    public void MarksAreRestoredUntilTheyAreVoid()
    {
        using SequenceMemory memory = _pools.NewMemory();
        memory.Prepare(3);
        memory.Commit(3);
        using MemoryMark early = memory.Mark();
        memory.Prepare(6);
        memory.Commit(6);
        using MemoryMark late = memory.Mark();
        memory.Restore(late);
        memory.Restore(early);
        Assert.Equal((3, 5), (memory.Length, _pool.Free));
        Assert.Throws<InvalidOperationException>(() => memory.Restore(late));
        memory.Restore(early);
        using SequenceMemory fork = memory.Fork();
        Assert.Throws<InvalidOperationException>(() => fork.Restore(early));
    }

    [Fact]
    public void APathMustAscendWithinWhatWasPrepared()
    {
        using SequenceMemory memory = _pools.NewMemory();
        memory.Prepare(4);
        Assert.Throws<ArgumentException>(() => memory.CommitPath([1, 1]));
        Assert.Throws<ArgumentException>(() => memory.CommitPath([4]));
        memory.CommitPath([0, 3]);
        Assert.Equal(2, memory.Length);
    }

    [Fact]
    public void CrossMemoryIsWrittenOnceAndShared()
    {
        var cross = new CrossPagePool(new KeyValuePool(1, 1, 4, 4, 6));
        using var pools = new MemoryPools(4, new PagePool(new KeyValuePool(1, 1, 4, 4, 6)), cross);
        using SequenceMemory memory = pools.NewMemory();
        Assert.True(memory.NeedsEncoder);
        memory.Prepare(new MemoryStep(2, EncoderRows: 7));
        memory.Commit(0);
        Assert.Equal((true, 6), (memory.NeedsEncoder, cross.Free));
        memory.Prepare(new MemoryStep(2, EncoderRows: 7));
        memory.Commit(1);
        using SequenceMemory fork = memory.Fork();
        Assert.Equal((7, 4), (((CrossMemory)fork.Stores[1]).Length, cross.Free));
        Assert.Throws<InvalidOperationException>(() => memory.Prepare(new MemoryStep(1, EncoderRows: 1)));
    }

    [Fact]
    public void APageIsNotReleasedTwice()
    {
        int page = _pool.Allocate();
        _pool.Release(page);
        Assert.Throws<InvalidOperationException>(() => _pool.Release(page));
        Assert.Throws<InvalidOperationException>(() => _pool.Retain(page));
    }

    [Fact]
    public void RandomUseNeverLosesOrInventsAPage()
    {
        var random = new Random(4);
        var memories = new List<SequenceMemory>();
        for (int step = 0; step < 5000; step++)
        {
            int choice = random.Next(4);
            try
            {
                if (choice == 0 || memories.Count == 0)
                    memories.Add(_pools.NewMemory());
                SequenceMemory memory = memories[random.Next(memories.Count)];
                if (choice == 1 && memories.Count < 9)
                    memories.Add(memory.Fork());
                if (choice == 2)
                {
                    memory.Dispose();
                    memories.Remove(memory);
                }

                memory.Prepare(random.Next(6));
                memory.Commit(random.Next(memory.Prepared + 1));
                if (choice == 2)
                    memory.Dispose();
            }
            catch (OutOfPagesException)
            {
                memories.ForEach(m => m.Commit(0));
            }

            int[] held = [.. memories.SelectMany(PagesOf).Distinct()];
            Assert.Equal(_pool.Pages - _pool.Free, held.Length);
            Assert.All(held, page =>
                Assert.Equal(memories.Sum(m => PagesOf(m).Count(p => p == page)), _pool.References(page)));
        }
    }

    private static IReadOnlyList<int> PagesOf(SequenceMemory memory) => ((PagedMemory)memory.Stores[0]).Pages;
}
