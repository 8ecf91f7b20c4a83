namespace Seriatim.Models;

/// <summary>Keys and values of the attention layers of one shape.</summary>
public sealed class PagedMemory : PositionMemory
{
    private readonly PagePool _pool;

    internal PagedMemory(PagePool pool, AttentionWindow? reach, ReadOnlySpan<int> pages = default)
        : this(pool, PageTable.Of(pool, pages), reach)
    {
    }

    private PagedMemory(PagePool pool, PageTable table, AttentionWindow? reach)
        : base(table, reach) => _pool = pool;

    /// <summary>Pages that somebody in another process holds: to be read and written by one pass, and nothing else.</summary>
    internal static PagedMemory View(PagePool pool, int[] pages) => new(pool, PageTable.OfOthers(pool, pages), null);

    /// <summary>The pool that the layers read and write.</summary>
    public KeyValuePool Storage => _pool.Storage;

    /// <inheritdoc/>
    public override LayerMemory Fork(int length) => new PagedMemory(_pool, Table.Share(length), Reach);

    private protected override void CopyPosition((int Page, int Slot) from, (int Page, int Slot) to) =>
        _pool.Copy(new PageCopy(0, from.Page, from.Slot, to.Page, to.Slot));
}
