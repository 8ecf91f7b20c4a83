namespace Seriatim.Models;

/// <summary>
/// Keys and values of all attention layers in pages (Kwon et al., 2023: PagedAttention), shared by forks and copied on write. Pages
/// that no layer will see again are given back as the sequence goes on, so a sequence with a window keeps the same number.
/// </summary>
public sealed class PagedMemory : SequenceMemory
{
    private readonly List<MemoryMark> _marks = [];
    private readonly PageTable _table;
    private readonly AttentionWindow? _reach;
    private int _length;
    private int _prepared;

    /// <summary>An empty memory that takes its pages from <paramref name="pool"/>.</summary>
    /// <param name="pool">Made by <see cref="Model.NewPagePool"/> of the model this memory is used with.</param>
    /// <param name="terms">What holds for the sequence; null: nothing in particular.</param>
    /// <param name="reach">What the layers see at most (<see cref="SequenceLimits.Reach"/>); null: no page is given back.</param>
    public PagedMemory(PagePool pool, SequenceTerms? terms = null, AttentionWindow? reach = null)
        : this(new PageTable(pool), 0, terms ?? SequenceTerms.None, reach)
    {
    }

    private PagedMemory(PageTable table, int length, SequenceTerms terms, AttentionWindow? reach)
        : base(terms) => (_table, _length, _reach) = (table, length, reach);

    /// <summary>A memory whose past is in full pages that somebody else holds, e.g. a prefix cache; it takes a reference to each it needs.</summary>
    /// <param name="pool">Where the pages come from.</param>
    /// <param name="pages">Pages in the order of positions, all of them full.</param>
    /// <param name="terms">What holds for the sequence, and held for those who wrote the pages.</param>
    /// <param name="reach">What the layers see at most.</param>
    public static PagedMemory Share(
        PagePool pool, ReadOnlySpan<PageId> pages, SequenceTerms? terms = null, AttentionWindow? reach = null)
    {
        var memory = new PagedMemory(
            PageTable.Of(pool, pages), checked(pages.Length * pool.PageSize), terms ?? SequenceTerms.None, reach);
        memory.GiveBack();
        return memory;
    }

    /// <summary>Pages that are held.</summary>
    public int HeldPages => _table.Held;


    /// <inheritdoc/>
    public override int Length => _length;

    /// <inheritdoc/>
    public override int Prepared => _prepared;

    /// <summary>Where the pages come from.</summary>
    public PagePool Pool => _table.Pool;

    /// <inheritdoc/>
    public override KeyValuePool Storage => _table.Pool.Storage;

    /// <inheritdoc/>
    public override IReadOnlyList<int> Pages => _table.Pages;

    /// <inheritdoc/>
    public override void Prepare(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        if (rows <= _prepared)
            return;
        _table.MakeWritable(_length, checked(_length + rows));
        _prepared = rows;
    }

    /// <inheritdoc/>
    public override void Commit(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, _prepared);
        MoveTo(_length + rows);
    }

    /// <summary>
    /// Commits one path of a tree (<see cref="Visibility.Tree"/>): its keys and values are moved together, so that afterwards
    /// they lie as if the path had been decoded plainly.
    /// </summary>
    /// <param name="path">Rows within the segment from the root on, each the parent of the next.</param>
    /// <exception cref="ArgumentException">The rows do not ascend, or were not prepared.</exception>
    public void CommitPath(ReadOnlySpan<int> path)
    {
        int last = -1;
        foreach (int row in path)
        {
            if (row <= last || row >= _prepared)
                throw new ArgumentException(
                    $"Row {row} of the path must be above {last} and below the {_prepared} prepared rows.", nameof(path));
            last = row;
        }

        for (int depth = 0; depth < path.Length; depth++)
        {
            // Rows ascend, so a position is read before anything is moved onto it.
            if (path[depth] != depth)
                CopyPosition(_length + path[depth], _length + depth);
        }

        MoveTo(_length + path.Length);
    }

    /// <inheritdoc/>
    public override PagedMemory Fork() => new(_table.Share(_length), _length, Terms, _reach);

    /// <inheritdoc/>
    public override MemoryMark Mark() => new(_marks, _length);

    /// <inheritdoc/>
    public override void Restore(MemoryMark mark)
    {
        if (!mark.IsOpenIn(_marks))
            throw new InvalidOperationException(
                "The mark is of another memory, was disposed, or the memory was restored to an earlier one since.");
        _marks.RemoveAll(other => other.Length > mark.Length);
        MoveTo(mark.Length);
    }

    /// <inheritdoc/>
    public override void Dispose() => MoveTo(0);

    private void MoveTo(int length)
    {
        (_length, _prepared) = (length, 0);
        _table.ReleaseFrom(length);
        GiveBack();
    }

    /// <summary>Gives back what neither the next row sees nor the rows after a mark.</summary>
    private void GiveBack()
    {
        if (_reach is not { } reach)
            return;
        int next = _length;
        foreach (MemoryMark mark in _marks)
            next = Math.Min(next, mark.Length);
        _table.ReleaseBetween(reach.Sinks, next - reach.Size + 1);
    }

    private void CopyPosition(int source, int target)
    {
        int size = Storage.PageSize;
        Storage.CopyPosition(Pages[source / size], source % size, Pages[target / size], target % size);
    }
}
