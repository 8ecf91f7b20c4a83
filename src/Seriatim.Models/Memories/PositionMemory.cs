namespace Seriatim.Models;

/// <summary>
/// What a kind of layers keeps of each position of a sequence, in pages that forks share and that are copied on write (Kwon et
/// al., 2023: PagedAttention). Pages that no layer will see again are given back as the sequence goes on, so a sequence with a
/// window keeps the same number.
/// </summary>
public abstract class PositionMemory : LayerMemory
{
    private protected PositionMemory(PageTable table, AttentionWindow? reach)
        : base(table.Pool) => (Table, Reach) = (table, reach);

    /// <summary>
    /// Pages of the pool in the order of positions, for all that is committed or prepared now; -1 for those that no layer will
    /// see again and that were given back. What was got here does not change later.
    /// </summary>
    public IReadOnlyList<int> Pages => Table.Snapshot();

    /// <inheritdoc/>
    public override int Places => Table.Count;

    /// <inheritdoc/>
    public override int Held => Table.Held;

    private protected PageTable Table { get; }

    private protected AttentionWindow? Reach { get; }

    /// <inheritdoc/>
    public override int UnitAt(int place) => Table[place];

    /// <inheritdoc/>
    public override int UnitOfBlock(int block, int length) => Table[block];

    /// <inheritdoc/>
    public override int Unfilled(int length) => Table.Count * Table.Pool.PageSize - length;

    /// <inheritdoc/>
    public override int Need(int length, in MemoryStep step) =>
        step.Rows == 0 ? 0 : Table.Missing(length, checked(length + step.Rows));

    /// <inheritdoc/>
    public override void Prepare(int length, in MemoryStep step)
    {
        if (step.Rows > 0)
            Table.MakeWritable(length, length + step.Rows);
    }

    /// <summary>
    /// What belongs to a path of a tree is moved together, so that afterwards it lies as if the path had been decoded plainly.
    /// </summary>
    public override void Commit(int length, int count, ReadOnlySpan<int> path)
    {
        int size = Table.Pool.PageSize;
        for (int depth = 0; depth < path.Length; depth++)
        {
            // Rows ascend, so a position is read before anything is moved onto it.
            (int from, int to) = (length + path[depth], length + depth);
            if (from != to)
                CopyPosition((Table[from / size], from % size), (Table[to / size], to % size));
        }

        Table.ReleaseFrom(length + count);
    }

    /// <inheritdoc/>
    public override void Forget(int length) => Table.ReleaseFrom(length);

    /// <inheritdoc/>
    public override void GiveBack(int next)
    {
        if (Reach is { } reach)
            Table.ReleaseBetween(reach.Sinks, next - reach.Size + 1);
    }

    /// <inheritdoc/>
    public override void Restore(int length, int mark) => Table.ReleaseFrom(length);

    /// <inheritdoc/>
    public override void Clear() => Table.ReleaseFrom(0);

    /// <summary>Copies what belongs to one position.</summary>
    private protected abstract void CopyPosition((int Page, int Slot) from, (int Page, int Slot) to);
}
