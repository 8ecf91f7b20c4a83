namespace Seriatim.Models;

/// <summary>
/// What a sequence remembers of the rows that went through the model: one <see cref="LayerMemory"/> for each kind of its layers.
/// A step prepares room, the forward pass writes there, and then as many of the written rows are committed as belong to the
/// sequence; the rest never happened. Nothing is ever set to a length: a memory goes back only to a mark.
/// </summary>
/// <remarks>Used by one thread at a time. Disposing releases what it holds; forks are independent and disposed by
/// themselves.</remarks>
public sealed class SequenceMemory : IDisposable
{
    private readonly List<MemoryMark> _marks = [];
    private readonly LayerMemory[] _stores;

    internal SequenceMemory(MemoryPools pools, LayerMemory[] stores, int length, SequenceTerms terms)
    {
        (Pools, _stores, Length, Terms) = (pools, stores, length, terms);
        GiveBack();
    }

    /// <summary>Where its units come from.</summary>
    public MemoryPools Pools { get; }

    /// <summary>What is remembered for each kind of layers, in the order of <see cref="Pools"/>.</summary>
    public IReadOnlyList<LayerMemory> Stores => _stores;

    /// <summary>What holds for the sequence from its first row to its last.</summary>
    public SequenceTerms Terms { get; }

    /// <summary>Committed positions: <see cref="Segment.Past"/> of the next step.</summary>
    public int Length { get; private set; }

    /// <summary>Rows that may be written after <see cref="Length"/> now.</summary>
    public int Prepared { get; private set; }

    /// <summary>Bytes it holds, shared ones counted in full.</summary>
    public long Bytes => _stores.Sum(store => store.Bytes);

    /// <summary>Whether the first step must bring rows of an encoder's output.</summary>
    public bool NeedsEncoder => Array.Exists(_stores, store => store.NeedsEncoder);

    /// <summary>
    /// Makes room for rows after <see cref="Length"/> that no fork can see. May be called again before the commit, with more
    /// rows.
    /// </summary>
    /// <exception cref="OutOfPagesException">A pool has too few pages or states; nothing was changed.</exception>
    /// <exception cref="InvalidOperationException">The encoder's rows were written already.</exception>
    public void Prepare(in MemoryStep step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step.Rows);
        ArgumentOutOfRangeException.ThrowIfNegative(step.EncoderRows);
        foreach (LayerMemory store in _stores)
            store.Pool.RequireFree(store.Need(Length, step));
        foreach (LayerMemory store in _stores)
            store.Prepare(Length, step);
        Prepared = Math.Max(Prepared, step.Rows);
    }

    /// <summary>
    /// As <see cref="Prepare(in MemoryStep)"/>, all rows of which will be committed, or none, if layers keep states.
    /// </summary>
    public void Prepare(int rows) => Prepare(new MemoryStep(rows));

    /// <summary>
    /// Makes the first <paramref name="rows"/> written rows part of the sequence and forgets the other prepared ones. With 0 all
    /// that was prepared is forgotten.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">More rows than were prepared.</exception>
    /// <exception cref="InvalidOperationException">
    /// Layers have a state that was not kept there (<see cref="CommitPoints"/>); nothing was changed.
    /// </exception>
    public void Commit(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, Prepared);
        Keep(rows, []);
    }

    /// <summary>
    /// Commits one path of a tree (<see cref="Visibility.Tree"/>): afterwards everything is as if the path had been decoded
    /// plainly.
    /// </summary>
    /// <param name="path">Rows within the segment from the root on, each the parent of the next.</param>
    /// <exception cref="ArgumentException">The rows do not ascend, or were not prepared.</exception>
    /// <exception cref="InvalidOperationException">Layers have a state that was not kept there; nothing was changed.</exception>
    public void CommitPath(ReadOnlySpan<int> path)
    {
        int last = -1;
        foreach (int row in path)
        {
            if (row <= last || row >= Prepared)
                throw new ArgumentException(
                    $"Row {row} of the path must be above {last} and below the {Prepared} prepared rows.", nameof(path));
            last = row;
        }

        Keep(path.Length, path);
    }

    /// <summary>
    /// A memory with the same committed past, which then goes its own way. Shares everything until one of both writes.
    /// </summary>
    public SequenceMemory Fork()
    {
        var stores = new LayerMemory[_stores.Length];
        for (int kind = 0; kind < stores.Length; kind++)
            stores[kind] = _stores[kind].Fork(Length);
        return new SequenceMemory(Pools, stores, Length, Terms);
    }

    /// <summary>Marks the current length. Dispose the mark when it is no longer needed.</summary>
    public MemoryMark Mark()
    {
        int[]? kept = null;
        for (int kind = 0; kind < _stores.Length; kind++)
        {
            if (_stores[kind].Mark() is var mark and not 0)
                (kept ??= new int[_stores.Length])[kind] = mark;
        }

        var made = new MemoryMark(this, Length, kept);
        _marks.Add(made);
        return made;
    }

    /// <summary>Goes back to a mark; prepared rows are forgotten, later marks become void, the mark itself stays.</summary>
    /// <exception cref="InvalidOperationException">The mark is of another memory, disposed, or void.</exception>
    public void Restore(MemoryMark mark)
    {
        if (!_marks.Contains(mark))
            throw new InvalidOperationException(
                "The mark is of another memory, was disposed, or the memory was restored to an earlier one since.");
        for (int i = _marks.Count - 1; i >= 0; i--)
        {
            if (_marks[i].Length > mark.Length)
                Forget(_marks[i]);
        }

        for (int kind = 0; kind < _stores.Length; kind++)
            _stores[kind].Restore(mark.Length, mark.Kept?[kind] ?? 0);
        (Length, Prepared) = (mark.Length, 0);
        GiveBack();
    }

    /// <summary>Gives up what was kept of the last step for others to share: it was shared by now, or nobody wants it.</summary>
    public void EndSharing()
    {
        foreach (LayerMemory store in _stores)
            store.EndSharing();
    }

    /// <summary>Releases all that it holds, marks included. It is empty then, and may be used again.</summary>
    public void Dispose()
    {
        while (_marks.Count > 0)
            Forget(_marks[^1]);
        foreach (LayerMemory store in _stores)
            store.Clear();
        (Length, Prepared) = (0, 0);
    }

    internal void Forget(MemoryMark mark)
    {
        if (!_marks.Remove(mark) || mark.Kept is not { } kept)
            return;
        for (int kind = 0; kind < kept.Length; kind++)
            _stores[kind].Drop(kept[kind]);
    }

    private void Keep(int count, ReadOnlySpan<int> path)
    {
        if (count == 0)
        {
            foreach (LayerMemory store in _stores)
                store.Forget(Length);
        }
        else
        {
            foreach (LayerMemory store in _stores)
                store.RequireCommit(count, path);
            foreach (LayerMemory store in _stores)
                store.Commit(Length, count, path);
        }

        (Length, Prepared) = (Length + count, 0);
        GiveBack();
    }

    /// <summary>Gives back what neither the next row sees nor the rows after a mark.</summary>
    private void GiveBack()
    {
        int next = Length;
        foreach (MemoryMark mark in _marks)
            next = Math.Min(next, mark.Length);
        foreach (LayerMemory store in _stores)
            store.GiveBack(next);
    }
}
