namespace Seriatim.Models;

/// <summary>
/// Keys and values that a decoder's cross-attention layers of one shape make of the encoder's output: written once, in the first
/// step, then only read, and shared by all forks.
/// </summary>
public sealed class CrossMemory : LayerMemory
{
    private readonly PagePool _pool;
    private readonly PageTable _table;
    private int _prepared;

    internal CrossMemory(PagePool pool)
        : this(pool, new PageTable(pool), 0)
    {
    }

    private CrossMemory(PagePool pool, PageTable table, int length)
        : base(pool) => (_pool, _table, Length) = (pool, table, length);

    /// <summary>Rows of the encoder that are stored; 0 before the first step.</summary>
    public int Length { get; private set; }

    /// <summary>The pool that the layers read and write.</summary>
    public KeyValuePool Storage => _pool.Storage;

    /// <summary>
    /// Pages of <see cref="Storage"/> in the order of the encoder's rows. What was got here does not change later.
    /// </summary>
    public IReadOnlyList<int> Pages => _table.Snapshot();

    /// <inheritdoc/>
    public override bool NeedsEncoder => Length == 0;

    /// <inheritdoc/>
    public override int Places => _table.Count;

    /// <inheritdoc/>
    public override int Held => _table.Held;

    /// <inheritdoc/>
    public override int UnitAt(int place) => _table[place];

    /// <inheritdoc/>
    public override int UnitOfBlock(int block, int length) => -1;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The encoder's rows were written already.</exception>
    public override int Need(int length, in MemoryStep step)
    {
        if (step.EncoderRows > 0 && Length > 0)
            throw new InvalidOperationException(
                $"The encoder's {Length} rows are stored already; a cross-attention memory is written once.");
        return step.EncoderRows == 0 ? 0 : _table.Missing(0, step.EncoderRows);
    }

    /// <inheritdoc/>
    public override void Prepare(int length, in MemoryStep step)
    {
        if (step.EncoderRows == 0)
            return;
        _table.MakeWritable(0, step.EncoderRows);
        _prepared = step.EncoderRows;
    }

    /// <summary>
    /// Keeps the encoder's rows: a part of an encoder's output is of no use, so all of them are kept, or with no row of the
    /// sequence none.
    /// </summary>
    public override void Commit(int length, int count, ReadOnlySpan<int> path)
    {
        (Length, _prepared) = (Length + _prepared, 0);
        _table.ReleaseFrom(Length);
    }

    /// <inheritdoc/>
    public override void Forget(int length)
    {
        _prepared = 0;
        _table.ReleaseFrom(Length);
    }

    /// <inheritdoc/>
    public override LayerMemory Fork(int length) => new CrossMemory(_pool, _table.Share(Length), Length);

    /// <inheritdoc/>
    public override int Mark() => Length;

    /// <inheritdoc/>
    public override void Restore(int length, int mark)
    {
        (Length, _prepared) = (mark, 0);
        _table.ReleaseFrom(mark);
    }

    /// <inheritdoc/>
    public override void Clear() => Restore(0, 0);
}
