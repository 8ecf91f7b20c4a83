namespace Seriatim.Models.Tests;

/// <summary>States are counted exactly, are never written twice, and go back by checkpoints.</summary>
public sealed class StateMemoryTests : IDisposable
{
    private readonly StatePool _states = new(new StateStorage([4, 20], 12), 4);
    private readonly PagePool _pages = new(new KeyValuePool(1, 1, 4, 4, 8));
    private readonly MemoryPools _pools;

    public StateMemoryTests() => _pools = new MemoryPools(4, _pages, _states);

    public void Dispose() => _pools.Dispose();

    [Fact]
    public void AStepReadsOneStateAndWritesAnother()
    {
        SequenceMemory memory = _pools.NewMemory();
        Assert.Equal(-1, Of(memory).Source);
        memory.Prepare(3);
        Assert.Equal([new KeptState(2, 0)], Of(memory).Kept);
        memory.Commit(3);
        Assert.Equal((0, 11), (Of(memory).Source, _states.Free));
        memory.Prepare(1);
        Assert.NotEqual(0, Of(memory).Kept[0].Slot);
        Assert.Equal(10, _states.Free);
        memory.Commit(1);
        Assert.Equal((11, 4), (_states.Free, memory.Length));
        memory.Dispose();
        Assert.Equal((12, 8), (_states.Free, _pages.Free));
    }

    [Fact]
    public void OnlyWhatWasKeptCanBeCommitted()
    {
        using SequenceMemory memory = _pools.NewMemory();
        memory.Prepare(5);
        var error = Assert.Throws<InvalidOperationException>(() => memory.Commit(3));
        Assert.Contains("row 2 of 5", error.Message);
        Assert.Equal((0, 5), (memory.Length, memory.Prepared));
        memory.Commit(0);
        memory.Prepare(new MemoryStep(5, Points: CommitPoints.EveryRow));
        Assert.Equal(7, _states.Free);
        int third = Of(memory).Kept[2].Slot;
        memory.Commit(3);
        Assert.Equal((third, 11, 3), (Of(memory).Source, _states.Free, memory.Length));
        memory.Prepare(new MemoryStep(4, Points: CommitPoints.EveryRow));
        int last = Of(memory).Kept[3].Slot;
        memory.CommitPath([1, 3]);
        Assert.Equal((last, 11, 5), (Of(memory).Source, _states.Free, memory.Length));
    }

    [Fact]
    public void ForksAndMarksAreReferences()
    {
        SequenceMemory memory = _pools.NewMemory();
        Step(memory, 2);
        MemoryMark early = memory.Mark();
        int first = Of(memory).Source;
        SequenceMemory fork = memory.Fork();
        Assert.Equal((3, 11), (_states.References(first), _states.Free));
        Step(memory, 2);
        MemoryMark late = memory.Mark();
        Step(memory, 1);
        Assert.Equal((2, 9), (_states.References(first), _states.Free));
        memory.Restore(late);
        Assert.Equal((4, 10), (memory.Length, _states.Free));
        memory.Restore(early);
        Assert.Equal((first, 11), (Of(memory).Source, _states.Free));
        Assert.Throws<InvalidOperationException>(() => memory.Restore(late));
        early.Dispose();
        early.Dispose();
        late.Dispose();
        Step(memory, 1);
        Assert.Equal((1, 10), (_states.References(first), _states.Free));
        fork.Dispose();
        using MemoryMark open = memory.Mark();
        memory.Dispose();
        Assert.Equal((12, 8), (_states.Free, _pages.Free));
        Assert.Throws<InvalidOperationException>(() => memory.Restore(open));
    }

    [Fact]
    public void BordersAreKeptUntilTheyWereShared()
    {
        using SequenceMemory memory = _pools.NewMemory();
        Step(memory, 3);
        memory.Prepare(new MemoryStep(7, Points: CommitPoints.PageBorders));
        Assert.Equal([0, 4, 6], Of(memory).Kept.Select(kept => kept.Row));
        int[] borders = [Of(memory).Kept[0].Slot, Of(memory).Kept[1].Slot];
        Assert.Equal((borders[0], borders[1]), (Of(memory).UnitOfBlock(0, 3), Of(memory).UnitOfBlock(1, 3)));
        memory.Commit(7);
        Assert.Equal((borders[0], borders[1], -1),
            (Of(memory).UnitOfBlock(0, 10), Of(memory).UnitOfBlock(1, 10), Of(memory).UnitOfBlock(2, 10)));
        Assert.Equal(9, _states.Free);
        using SequenceMemory shared = _pools.Share([[.. ((PagedMemory)memory.Stores[0]).Pages.Take(2)], borders]);
        Assert.Equal((8, borders[1]), (shared.Length, Of(shared).Source));
        memory.EndSharing();
        Assert.Equal(10, _states.Free);
        memory.Prepare(new MemoryStep(2, Points: CommitPoints.PageBorders));
        Assert.Single(Of(memory).Kept); // the end is the border
    }

    [Fact]
    public void TooFewStatesChangeNothingOfAnyKind()
    {
        using SequenceMemory memory = _pools.NewMemory();
        Step(memory, 2);
        var error = Assert.Throws<OutOfPagesException>(() => memory.Prepare(new MemoryStep(13, Points: CommitPoints.EveryRow)));
        Assert.Equal((13, 11), (error.Needed, error.Free));
        Assert.Contains("states", error.Message);
        Assert.Equal((7, 11, 0), (_pages.Free, _states.Free, memory.Prepared));
        Assert.Throws<OutOfPagesException>(() => memory.Prepare(40));
        Assert.Equal((7, 11, 0), (_pages.Free, _states.Free, memory.Prepared));
        Assert.Equal(_pages.UnitBytes + _states.UnitBytes, memory.Bytes);
    }

    [Fact]
    public void PreparingAgainKeepsTheStatesOfTheRowsThatAreWritten()
    {
        using SequenceMemory memory = _pools.NewMemory();
        memory.Prepare(new MemoryStep(4, Points: CommitPoints.EveryRow));
        memory.Prepare(2);
        Assert.Equal([1], Of(memory).Kept.Select(kept => kept.Row));
        Assert.Equal(11, _states.Free);
        memory.Commit(2);
        Assert.Equal(2, memory.Length);
    }

    /// <summary>Fork, mark, restore, draft, reject, at random: the counts are right after each.</summary>
    [Fact]
    public void RandomUseNeverLosesOrInventsAState()
    {
        var random = new Random(4);
        var memories = new List<SequenceMemory>();
        var marks = new List<(SequenceMemory Of, MemoryMark Mark)>();
        for (int step = 0; step < 4000; step++)
        {
            if (memories.Count == 0)
                memories.Add(_pools.NewMemory());
            SequenceMemory memory = memories[random.Next(memories.Count)];
            try
            {
                Use(random, memory, memories, marks);
            }
            catch (OutOfPagesException)
            {
                marks.RemoveAll(mark => mark.Of == memory);
                memory.Dispose();
            }

            int[] counts = new int[_states.Units];
            foreach (SequenceMemory held in memories)
            {
                for (int place = 0; place < Of(held).Places; place++)
                    counts[Of(held).UnitAt(place)]++;
            }

            foreach ((_, MemoryMark mark) in marks.Where(mark => mark.Mark.Kept is not null))
                counts[mark.Kept![1] - 1]++;
            Assert.Equal(counts, Enumerable.Range(0, counts.Length).Select(_states.References));
            Assert.Equal(counts.Count(c => c == 0), _states.Free);
        }
    }

    [Fact]
    public void AModelRefusesTheMemoryOfAnother()
    {
        using Model llama = TinyLlama.Create();
        using SequenceMemory memory = _pools.NewMemory();
        RaggedBatch batch = new RaggedBatchBuilder().Add([1], memory).Build();
        using var ops = new ReferenceOps();
        string message = Assert.Throws<ArgumentException>(() => llama.Forward(ops, batch)).Message;
        Assert.Contains("states as its kind 1 of 2", message);
    }

    private static void Use(Random random, SequenceMemory memory, List<SequenceMemory> memories,
        List<(SequenceMemory Of, MemoryMark Mark)> marks)
    {
        switch (random.Next(6))
        {
            case 0 when memories.Count < 5:
                memories.Add(memory.Fork());
                break;
            case 1 when marks.Count < 4:
                marks.Add((memory, memory.Mark()));
                break;
            case 2 when marks.Count > 0:
                (SequenceMemory of, MemoryMark mark) = marks[random.Next(marks.Count)];
                of.Restore(mark);
                marks.RemoveAll(other => other.Of == of && other.Mark.Length > mark.Length);
                break;
            case 3 when marks.Count > 0:
                marks[^1].Mark.Dispose();
                marks.RemoveAt(marks.Count - 1);
                break;
            case 4:
                marks.RemoveAll(mark => mark.Of == memory);
                memory.Dispose();
                break;
            default:
                bool every = random.Next(2) == 0;
                int rows = random.Next(1, 5);
                memory.Prepare(new MemoryStep(rows,
                    Points: (every ? CommitPoints.EveryRow : CommitPoints.End) | CommitPoints.PageBorders));
                memory.Commit(every ? random.Next(rows + 1) : random.Next(3) == 0 ? 0 : rows);
                if (random.Next(2) == 0)
                    memory.EndSharing();
                break;
        }
    }

    private static void Step(SequenceMemory memory, int rows)
    {
        memory.Prepare(rows);
        memory.Commit(rows);
    }

    private static StateMemory Of(SequenceMemory memory) => (StateMemory)memory.Stores[1];
}
