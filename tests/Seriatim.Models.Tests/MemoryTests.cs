namespace Seriatim.Models.Tests;

/// <summary>Pages are counted exactly, and memories do what their contract says.</summary>
public sealed class MemoryTests : IDisposable
{
    private readonly PagePool _pool = new(new KeyValuePool(layers: 1, heads: 1, headDim: 4, pageSize: 4, pages: 6));

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void PagesAreSharedByForksAndCopiedOnWrite()
    {
        var parent = new PagedMemory(_pool);
        parent.Prepare(6);
        parent.Commit(6);
        Assert.Equal(4, _pool.Free);
        PagedMemory child = parent.Fork();
        Assert.Equal(4, _pool.Free);
        Assert.Equal(parent.Pages, child.Pages);
        child.Prepare(1);
        Assert.Equal(3, _pool.Free);
        Assert.Equal(parent.Pages[0], child.Pages[0]);
        Assert.NotEqual(parent.Pages[1], child.Pages[1]);
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
        using var memory = new PagedMemory(_pool);
        memory.Prepare(10);
        memory.Commit(10);
        using PagedMemory fork = memory.Fork();
        var error = Assert.Throws<OutOfPagesException>(() => fork.Prepare(15));
        Assert.Equal((5, 3), (error.Needed, error.Free));
        Assert.Equal(memory.Pages, fork.Pages);
        Assert.Equal(0, fork.Prepared);
        Assert.Equal(3, _pool.Free);
        fork.Prepare(6);
        Assert.Equal(1, _pool.Free);
    }

    [Fact]
    public void RejectedRowsGiveTheirPagesBack()
    {
        using var memory = new PagedMemory(_pool);
        memory.Prepare(12);
        Assert.Equal(3, _pool.Free);
        memory.Commit(3);
        Assert.Equal((3, 0, 5), (memory.Length, memory.Prepared, _pool.Free));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Commit(1));
    }

    [Fact]
    public void MarksAreRestoredUntilTheyAreVoid()
    {
        using var memory = new PagedMemory(_pool);
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
        using PagedMemory fork = memory.Fork();
        Assert.Throws<InvalidOperationException>(() => fork.Restore(early));
    }

    [Fact]
    public void APathMustAscendWithinWhatWasPrepared()
    {
        using var memory = new PagedMemory(_pool);
        memory.Prepare(4);
        Assert.Throws<ArgumentException>(() => memory.CommitPath([1, 1]));
        Assert.Throws<ArgumentException>(() => memory.CommitPath([4]));
        memory.CommitPath([0, 3]);
        Assert.Equal(2, memory.Length);
    }

    [Fact]
    public void CrossMemoryIsWrittenOnceAndShared()
    {
        using var memory = new CrossMemory(_pool);
        memory.Prepare(7);
        Assert.Throws<ArgumentException>(() => memory.Commit(3));
        memory.Commit(7);
        using CrossMemory fork = memory.Fork();
        Assert.Equal((7, 4), (fork.Length, _pool.Free));
        Assert.Throws<InvalidOperationException>(() => memory.Prepare(1));
    }

    [Fact]
    public void APageIsNotReleasedTwice()
    {
        PageId page = _pool.Allocate();
        _pool.Release(page);
        Assert.Throws<InvalidOperationException>(() => _pool.Release(page));
        Assert.Throws<InvalidOperationException>(() => _pool.Retain(page));
    }

    [Fact]
    public void RandomUseNeverLosesOrInventsAPage()
    {
        var random = new Random(4);
        var memories = new List<PagedMemory>();
        for (int step = 0; step < 5000; step++)
        {
            int choice = random.Next(4);
            try
            {
                if (choice == 0 || memories.Count == 0)
                    memories.Add(new PagedMemory(_pool));
                PagedMemory memory = memories[random.Next(memories.Count)];
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

            int[] held = [.. memories.SelectMany(m => m.Pages).Distinct()];
            Assert.Equal(_pool.Pages - _pool.Free, held.Length);
            Assert.All(held, page =>
                Assert.Equal(memories.Sum(m => m.Pages.Count(p => p == page)), _pool.References(new PageId(page))));
        }
    }
}
