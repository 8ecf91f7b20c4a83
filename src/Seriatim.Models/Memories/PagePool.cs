namespace Seriatim.Models;

/// <summary>
/// Pages for the keys and values of attention layers of one shape: shared by forks, copied when one of them writes.
/// </summary>
public class PagePool : PositionPool
{
    private readonly bool _narrows;

    /// <summary>Takes a pool over, all pages free. Disposing this disposes the pool.</summary>
    /// <param name="storage">Where the keys and values lie.</param>
    /// <param name="sight">Positions that its layers see by themselves, the row's own included; 0: all.</param>
    /// <param name="narrows">Whether a window of the sequence that is narrower makes them see less.</param>
    public PagePool(KeyValuePool storage, int sight = 0, bool narrows = true)
        : base(storage.Pages, storage.PageSize) => (Storage, Sight, _narrows) = (storage, sight, narrows);

    /// <summary>Positions that its layers see by themselves, the row's own included; 0: all.</summary>
    public int Sight { get; }

    /// <summary>Where the keys and values lie.</summary>
    public KeyValuePool Storage { get; }

    /// <inheritdoc/>
    public override string Name => Storage.SharesValues ? "pages of latents" : "pages";

    /// <inheritdoc/>
    public override long UnitBytes => Storage.PageBytes;

    /// <inheritdoc/>
    public override LayerMemory NewMemory(AttentionWindow? reach) => new PagedMemory(this, ReachOf(reach));

    /// <inheritdoc/>
    public override LayerMemory Share(ReadOnlySpan<int> blocks, AttentionWindow? reach) =>
        new PagedMemory(this, ReachOf(reach), blocks);

    /// <inheritdoc/>
    public override void Dispose()
    {
        Storage.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Layers with a window of their own see no further, whatever other layers see; a narrower one of the sequence narrows it.
    /// </summary>
    protected override AttentionWindow? ReachOf(AttentionWindow? reach) =>
        Sight <= 0 || (_narrows && reach is { } own && own.Size <= Sight) ? reach : new AttentionWindow(Sight, 0);

    /// <summary>Told of every copy that is made, because other processes have pages of the same numbers; null: nobody.</summary>
    internal Action<PageCopy>? Copied { get; set; }

    /// <summary>Copies a page, or a position of one.</summary>
    internal void Copy(in PageCopy copy)
    {
        if (copy.FromSlot < 0)
            Storage.CopyPage(copy.From, copy.To);
        else
            Storage.CopyPosition(copy.From, copy.FromSlot, copy.To, copy.ToSlot);
        Copied?.Invoke(copy);
    }

    /// <inheritdoc/>
    protected override void CopyPage(int from, int to) => Copy(new PageCopy(0, from, -1, to, -1));
}
