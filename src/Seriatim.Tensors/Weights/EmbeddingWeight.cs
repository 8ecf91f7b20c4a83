namespace Seriatim.Tensors;

/// <summary>
/// A table of rows looked up by id, <c>[Count, Width]</c>. The table may be the very parameter or quantised matrix of a linear
/// weight (tied output projection): then both read, and train, the same memory.
/// </summary>
public sealed class EmbeddingWeight : IDisposable
{
    /// <summary>A trainable table.</summary>
    /// <param name="table">The table, in either layout.</param>
    /// <param name="frozenId">An id whose lookups leave no gradient (<c>padding_idx</c> of torch); -1 for none.</param>
    public EmbeddingWeight(Parameter table, int frozenId = -1) => (Table, FrozenId) = (table, frozenId);

    /// <summary>A table in quantised blocks, which cannot be trained.</summary>
    public EmbeddingWeight(QuantizedMatrix table) => (Quantized, FrozenId) = (table, -1);

    /// <summary>Looking this id up leaves no gradient; -1 for none. Other uses of a tied table do.</summary>
    public int FrozenId { get; }

    /// <summary>The trainable table; null if it is quantised.</summary>
    public Parameter? Table { get; }

    /// <summary>The quantised table; null if it is dense.</summary>
    public QuantizedMatrix? Quantized { get; }

    /// <summary>Number of ids: valid ones are 0 to Count - 1.</summary>
    public int Count => Table?.Rows ?? Quantized!.Rows;

    /// <summary>Features of a row, E.</summary>
    public int Width => Table?.Columns ?? Quantized!.Columns;

    /// <summary>The linear layer whose rows these are (tied output projection), in the same memory.</summary>
    /// <param name="bias">A bias of its own, F32 <c>[1, Count]</c>, or null.</param>
    public LinearWeight AsLinear(Parameter? bias = null) => Table is { } table
        ? LinearWeight.FromPanels(table, bias)
        : LinearWeight.FromBlocks(Quantized!, bias);

    /// <summary>Reads the row of an id. Waits for the device.</summary>
    /// <exception cref="ShapeMismatchException"><paramref name="values"/> is not <see cref="Width"/> long.</exception>
    public void ReadRow(int id, Span<float> values)
    {
        if (Table is { } table)
            table.ReadRow(id, values);
        else
            Quantized!.ReadRow(id, values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Table?.Dispose();
        Quantized?.Dispose();
    }

    /// <summary>Name and shape, as error messages write them.</summary>
    public override string ToString() => Table?.ToString() ?? Quantized!.ToString();
}
