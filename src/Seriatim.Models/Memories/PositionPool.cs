namespace Seriatim.Models;

/// <summary>
/// Pages of positions: what a kind of layers keeps of each position of a sequence, P positions in a page, shared by forks and
/// copied when one of them writes.
/// </summary>
public abstract class PositionPool : MemoryPool
{
    /// <summary>A pool, all pages free.</summary>
    /// <param name="pages">Number of pages.</param>
    /// <param name="pageSize">Positions in a page, P.</param>
    protected PositionPool(int pages, int pageSize)
        : base(pages)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        PageSize = pageSize;
    }

    /// <summary>Positions in a page, P.</summary>
    public int PageSize { get; }

    /// <summary>Number of pages.</summary>
    public int Pages => Units;

    /// <inheritdoc/>
    public override bool HoldsPositions => true;

    /// <inheritdoc/>
    public override int Growth => 1;

    /// <inheritdoc/>
    public override string Remedy => "Ask for fewer new tokens or sequences, or give the engine more memory.";

    /// <summary>Pages needed for a number of positions.</summary>
    public int PagesFor(int positions) => (int)Of(positions);

    /// <summary>
    /// Turns a reference to a page into one to a page with the same content that nobody else holds: the page itself if it is not
    /// shared, else a copy.
    /// </summary>
    /// <exception cref="OutOfPagesException">The page is shared and no page is free.</exception>
    public int MakeExclusive(int page)
    {
        RequireHeld(page);
        if (References(page) == 1)
            return page;
        int copy = Allocate();
        CopyPage(page, copy);
        Release(page);
        return copy;
    }

    /// <inheritdoc/>
    public override int Need(int length, in MemoryStep step) => PagesFor(checked(length + step.Rows)) - PagesFor(length);

    /// <inheritdoc/>
    public override long Missing(int length, in MemoryDemand demand) =>
        Math.Min(Of(demand.Length) - Of(length), MostOf(demand));

    /// <summary>Most pages: what all sequences share, then what each has of its own.</summary>
    public override long Most(in MemoryDemand demand)
    {
        long all = MostOf(demand);
        if (demand.Width == 1)
            return all;
        long shared = Math.Min(demand.Prompt / PageSize, all);
        return Math.Min(shared + demand.Width * (Of(demand.Length) - shared) + 1, demand.Width * (all + 1));
    }

    /// <inheritdoc/>
    public override string Describe(in MemoryDemand demand) =>
        $"{Name} of {PageSize} tokens ({demand.Width} sequences of up to {demand.Length} tokens)";

    /// <inheritdoc/>
    public override bool Sees(int block, int length, AttentionWindow? window) =>
        ReachOf(window) is not { } reach || block < Of(reach.Sinks)
            || ((long)block + 1) * PageSize > (long)length - reach.Size + 1;

    /// <summary>What the layers of this pool see at most, where all layers of the model together see so much.</summary>
    /// <param name="reach">What all see; null: everything.</param>
    protected virtual AttentionWindow? ReachOf(AttentionWindow? reach) => reach;

    /// <summary>Copies what a page holds.</summary>
    /// <param name="from">The page.</param>
    /// <param name="to">Another.</param>
    protected abstract void CopyPage(int from, int to);

    /// <summary>Pages of a sequence: all of its positions, or what a window and a step need.</summary>
    private long MostOf(in MemoryDemand demand)
    {
        long all = Of(demand.Length);
        return ReachOf(demand.Reach) is { } reach
            ? Math.Min(all, Of(reach.Sinks) + Of((long)reach.Size + demand.MostRows) + 2)
            : all;
    }

    private long Of(long positions) => (positions + PageSize - 1) / PageSize;
}
