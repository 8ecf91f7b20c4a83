namespace Seriatim.Tensors;

/// <summary>
/// A table of rows looked up by id, <c>[Count, Width]</c>. The table may be the very parameter of a linear weight
/// (tied output projection): then both read and train the same memory.
/// </summary>
/// <param name="table">The table, in either layout.</param>
/// <param name="frozenId">An id whose lookups leave no gradient (<c>padding_idx</c> of torch); -1 for none.</param>
public sealed class EmbeddingWeight(Parameter table, int frozenId = -1) : IDisposable
{
    /// <summary>Looking this id up leaves no gradient; -1 for none. Other uses of a tied table do.</summary>
    public int FrozenId { get; } = frozenId;

    /// <summary>The trainable table.</summary>
    public Parameter Table { get; } = table;

    /// <summary>Number of ids: valid ones are 0 to Count - 1.</summary>
    public int Count => Table.Rows;

    /// <summary>Features of a row, E.</summary>
    public int Width => Table.Columns;

    /// <inheritdoc/>
    public void Dispose() => Table.Dispose();

    /// <summary>Name and shape, as error messages write them.</summary>
    public override string ToString() => Table.ToString();
}
