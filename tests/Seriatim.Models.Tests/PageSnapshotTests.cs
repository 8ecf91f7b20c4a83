namespace Seriatim.Models.Tests;

/// <summary>
/// The pages that a pass was given do not change under it, whatever the sequence does next, and asking for them costs nothing.
/// </summary>
public sealed class PageSnapshotTests : IDisposable
{
    private readonly PagePool _pool = new(new KeyValuePool(1, 1, 4, 4, 64));
    private readonly MemoryPools _pools;

    public PageSnapshotTests() => _pools = new MemoryPools(4, _pool);

    public void Dispose() => _pools.Dispose();

    [Fact]
    public void WhatWasAskedForStays()
    {
        var random = new Random(7);
        var memories = new List<SequenceMemory> { _pools.NewMemory(null, new AttentionWindow(9, 5)), _pools.NewMemory() };
        var seen = new List<(IReadOnlyList<int> Pages, int[] Then)>();
        for (int step = 0; step < 600; step++)
        {
            SequenceMemory memory = memories[random.Next(memories.Count)];
            int rows = random.Next(1, 7);
            memory.Prepare(rows);
            IReadOnlyList<int> pages = ((PagedMemory)memory.Stores[0]).Pages;
            seen.Add((pages, [.. pages]));
            memory.Commit(random.Next(rows + 1));
            if (random.Next(5) == 0 && memories.Count < 6)
                memories.Add(memory.Fork());
            if (_pool.Free < 20)
            {
                memories.ForEach(m => m.Dispose());
                memories.RemoveRange(2, memories.Count - 2);
            }
        }

        Assert.All(seen, view => Assert.Equal(view.Then, view.Pages));
        Assert.Contains(seen, view => view.Then.Contains(-1));
    }

    [Fact]
    public void AskingAgainGivesTheSame()
    {
        using SequenceMemory memory = _pools.NewMemory();
        var pages = (PagedMemory)memory.Stores[0];
        memory.Prepare(2);
        IReadOnlyList<int> first = pages.Pages;
        memory.Commit(2);
        memory.Prepare(1);
        Assert.Same(first, pages.Pages);
        memory.Commit(1);
        memory.Prepare(2);
        Assert.NotSame(first, pages.Pages);
        Assert.Single(first);
        Assert.Throws<ArgumentOutOfRangeException>(() => first[1]);
    }
}
