namespace Seriatim.Models;

/// <summary>
/// Pages for the keys and values of attention layers of one shape: shared by forks, copied when one of them writes.
/// </summary>
public class PagePool : PositionPool
{
    /// <summary>Takes a pool over, all pages free. Disposing this disposes the pool.</summary>
    /// <param name="storage">Where the keys and values lie.</param>
    public PagePool(KeyValuePool storage)
        : base(storage.Pages, storage.PageSize) => Storage = storage;

    /// <summary>Where the keys and values lie.</summary>
    public KeyValuePool Storage { get; }

    /// <inheritdoc/>
    public override string Name => Storage.SharesValues ? "pages of latents" : "pages";

    /// <inheritdoc/>
    public override long UnitBytes => Storage.PageBytes;

    /// <inheritdoc/>
    public override LayerMemory NewMemory(AttentionWindow? reach) => new PagedMemory(this, reach);

    /// <inheritdoc/>
    public override LayerMemory Share(ReadOnlySpan<int> blocks, AttentionWindow? reach) => new PagedMemory(this, reach, blocks);

    /// <inheritdoc/>
    public override void Dispose()
    {
        Storage.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void CopyPage(int from, int to) => Storage.CopyPage(from, to);
}
