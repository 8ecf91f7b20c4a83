namespace Seriatim.Models;

/// <summary>The ids of a sequence, for a model that reads all of it again in each step.</summary>
public sealed class TokenMemory : PositionMemory
{
    private readonly TokenPool _pool;

    internal TokenMemory(TokenPool pool, AttentionWindow? reach, ReadOnlySpan<int> pages = default)
        : this(pool, PageTable.Of(pool, pages), reach)
    {
    }

    private TokenMemory(TokenPool pool, PageTable table, AttentionWindow? reach)
        : base(table, reach) => _pool = pool;

    /// <summary>Writes ids to prepared positions.</summary>
    /// <param name="position">The first position.</param>
    /// <param name="ids">The ids.</param>
    public void Write(int position, ReadOnlySpan<int> ids)
    {
        for (int i = 0; i < ids.Length; i++)
            At(position + i) = ids[i];
    }

    /// <summary>Reads the first ids of the sequence.</summary>
    /// <param name="ids">Filled.</param>
    public void Read(Span<int> ids)
    {
        for (int i = 0; i < ids.Length; i++)
            ids[i] = At(i);
    }

    /// <inheritdoc/>
    public override LayerMemory Fork(int length) => new TokenMemory(_pool, Table.Share(length), Reach);

    private protected override void CopyPosition((int Page, int Slot) from, (int Page, int Slot) to) =>
        _pool.IdsOf(to.Page)[to.Slot] = _pool.IdsOf(from.Page)[from.Slot];

    private ref int At(int position) => ref _pool.IdsOf(Table[position / _pool.PageSize])[position % _pool.PageSize];
}
