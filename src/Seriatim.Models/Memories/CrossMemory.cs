namespace Seriatim.Models;

/// <summary>
/// Keys and values that a decoder's cross-attention layers make of the encoder's output: written once, in the first step, then
/// only read, and shared by all forks. Lives in pages of its own pool.
/// </summary>
public sealed class CrossMemory : SequenceMemory
{
    private readonly List<MemoryMark> _marks = [];
    private readonly PageTable _table;
    private int _length;
    private int _prepared;

    /// <summary>An empty memory that takes its pages from <paramref name="pool"/>.</summary>
    /// <param name="pool">Made by <see cref="Model.NewCrossPagePool"/> of the model this memory is used with.</param>
    public CrossMemory(PagePool pool)
        : this(new PageTable(pool), 0)
    {
    }

    private CrossMemory(PageTable table, int length)
        : base(SequenceTerms.None) => (_table, _length) = (table, length);

    /// <summary>Rows of the encoder that are stored; 0 before the first step.</summary>
    public override int Length => _length;

    /// <inheritdoc/>
    public override int Prepared => _prepared;

    /// <inheritdoc/>
    public override KeyValuePool Storage => _table.Pool.Storage;

    /// <inheritdoc/>
    public override IReadOnlyList<int> Pages => _table.Pages;

    /// <summary>Makes room for all rows of the encoder.</summary>
    /// <exception cref="InvalidOperationException">The memory was written already.</exception>
    /// <exception cref="OutOfPagesException">The pool has too few pages; nothing was changed.</exception>
    public override void Prepare(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        if (_length > 0)
            throw new InvalidOperationException(
                $"The encoder's {_length} rows are stored already; a cross-attention memory is written once.");
        _table.MakeWritable(0, rows);
        _prepared = rows;
    }

    /// <summary>Keeps the encoder's rows. A part of an encoder's output is of no use, so all of them are kept or none.</summary>
    /// <exception cref="ArgumentException">Neither 0 nor the prepared number of rows.</exception>
    public override void Commit(int rows)
    {
        if (rows != 0 && rows != _prepared)
            throw new ArgumentException(
                $"{rows} rows; all {_prepared} prepared rows of the encoder or none can be kept.", nameof(rows));
        (_length, _prepared) = (_length + rows, 0);
        _table.ReleaseFrom(_length);
    }

    /// <inheritdoc/>
    public override CrossMemory Fork() => new(_table.Share(_length), _length);

    /// <inheritdoc/>
    public override MemoryMark Mark() => new(_marks, _length);

    /// <inheritdoc/>
    public override void Restore(MemoryMark mark)
    {
        if (!mark.IsOpenIn(_marks))
            throw new InvalidOperationException(
                "The mark is of another memory, was disposed, or the memory was restored to an earlier one since.");
        _marks.RemoveAll(other => other.Length > mark.Length);
        (_length, _prepared) = (mark.Length, 0);
        _table.ReleaseFrom(_length);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        (_length, _prepared) = (0, 0);
        _table.ReleaseFrom(0);
    }
}
