namespace Seriatim.Models;

/// <summary>
/// Keys and values of the attention layers of one shape in pages (Kwon et al., 2023: PagedAttention), shared by forks and copied
/// on write. Pages that no layer will see again are given back as the sequence goes on, so a sequence with a window keeps the
/// same number.
/// </summary>
public sealed class PagedMemory : LayerMemory
{
    private readonly PageTable _table;
    private readonly AttentionWindow? _reach;

    internal PagedMemory(PagePool pool, AttentionWindow? reach, ReadOnlySpan<int> pages = default)
        : this(PageTable.Of(pool, pages), reach)
    {
    }

    private PagedMemory(PageTable table, AttentionWindow? reach)
        : base(table.Pool) => (_table, _reach) = (table, reach);

    /// <summary>The pool that the layers read and write.</summary>
    public KeyValuePool Storage => _table.Pool.Storage;

    /// <summary>
    /// Pages of <see cref="Storage"/> in the order of positions, for all that is committed or prepared now; -1 for those that no
    /// layer will see again and that were given back. What was got here does not change later.
    /// </summary>
    public IReadOnlyList<int> Pages => _table.Snapshot();

    /// <inheritdoc/>
    public override int Places => _table.Count;

    /// <inheritdoc/>
    public override int Held => _table.Held;

    /// <inheritdoc/>
    public override int UnitAt(int place) => _table[place];

    /// <inheritdoc/>
    public override int UnitOfBlock(int block, int length) => _table[block];

    /// <inheritdoc/>
    public override int Unfilled(int length) => _table.Count * _table.Pool.PageSize - length;

    /// <inheritdoc/>
    public override int Need(int length, in MemoryStep step) =>
        step.Rows == 0 ? 0 : _table.Missing(length, checked(length + step.Rows));

    /// <inheritdoc/>
    public override void Prepare(int length, in MemoryStep step)
    {
        if (step.Rows > 0)
            _table.MakeWritable(length, length + step.Rows);
    }

    /// <summary>
    /// Keys and values of a path of a tree are moved together, so that afterwards they lie as if the path had been decoded
    /// plainly.
    /// </summary>
    public override void Commit(int length, int count, ReadOnlySpan<int> path)
    {
        for (int depth = 0; depth < path.Length; depth++)
        {
            // Rows ascend, so a position is read before anything is moved onto it.
            if (path[depth] != depth)
                CopyPosition(length + path[depth], length + depth);
        }

        _table.ReleaseFrom(length + count);
    }

    /// <inheritdoc/>
    public override void Forget(int length) => _table.ReleaseFrom(length);

    /// <inheritdoc/>
    public override void GiveBack(int next)
    {
        if (_reach is { } reach)
            _table.ReleaseBetween(reach.Sinks, next - reach.Size + 1);
    }

    /// <inheritdoc/>
    public override LayerMemory Fork(int length) => new PagedMemory(_table.Share(length), _reach);

    /// <inheritdoc/>
    public override void Restore(int length, int mark) => _table.ReleaseFrom(length);

    /// <inheritdoc/>
    public override void Clear() => _table.ReleaseFrom(0);

    private void CopyPosition(int source, int target)
    {
        int size = Storage.PageSize;
        Storage.CopyPosition(_table[source / size], source % size, _table[target / size], target % size);
    }
}
