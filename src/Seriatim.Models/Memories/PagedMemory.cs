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

    /// <summary>The pool that the layers read and write.</summary>
    public KeyValuePool Storage => _pool.Storage;

    /// <inheritdoc/>
    public override LayerMemory Fork(int length) => new PagedMemory(_pool, Table.Share(length), Reach);

    private protected override void CopyPosition((int Page, int Slot) from, (int Page, int Slot) to) =>
        Storage.CopyPosition(from.Page, from.Slot, to.Page, to.Slot);
}
