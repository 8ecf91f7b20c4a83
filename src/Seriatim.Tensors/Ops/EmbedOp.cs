namespace Seriatim.Tensors;

/// <summary>Rows of a table by id: <c>y[n] = table[ids[n]]</c>; backward <c>dtable[ids[n]] += dy[n]</c>, n in sequence.</summary>
/// <remarks>
/// Shapes: table [Count, E], ids [N], y [N, E]. Nothing is saved. Reading and adding are exact, so this is its own reference.
/// </remarks>
internal readonly struct EmbedOp(EmbeddingWeight table, ReadOnlyMemory<int> ids) : IOp<EmbedOp>
{
    public static string Name => "Embed";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (ids.Length, table.Width);

    public void Check() => CheckIds(table, ids.Span);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        ReadOnlySpan<int> rows = ids.Span;
        for (int n = 0; n < rows.Length; n++)
            table.ReadRow(rows[n], results[0].Row(n));
    }

    public EmbedOp Recorded() => this;

    public void Show(OpView to) => to.Weight(table.Table);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        ops.Call(new EmbedBackwardOp(table, ids, dy[0]!), []);

    internal static void CheckIds(EmbeddingWeight table, ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)table.Count)
            {
                throw new ArgumentOutOfRangeException(nameof(ids),
                    $"Embed: id {id} is not in {table}, which has the ids 0 to {table.Count - 1}.");
            }
        }
    }
}

/// <summary>Adds each row of dy to its row of the table's gradient.</summary>
internal readonly struct EmbedBackwardOp(EmbeddingWeight table, ReadOnlyMemory<int> ids, Tensor dy) : IOpCall
{
    public static string Name => "EmbedBackward";

    public OpPart Part => OpPart.Other;

    public int Results => 0;

    public (int Rows, int Columns) Shape(int result) => default;

    public void Check()
    {
        EmbedOp.CheckIds(table, ids.Span);
        OpShapes.Require(dy, ids.Length, table.Width, "Embed backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        if (table.Table is not { Trainable: true } parameter)
            return;
        ReadOnlySpan<int> rows = ids.Span;
        for (int n = 0; n < rows.Length; n++)
        {
            if (rows[n] != table.FrozenId)
                parameter.AddGradientRow(rows[n], dy.Row(n));
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>Looks rows up: <c>ids [N] → [N, E]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the table; the message gives both numbers.</exception>
    public static Tensor Embed(this IOps ops, EmbeddingWeight table, ReadOnlyMemory<int> ids) => ops.Run(new EmbedOp(table, ids));

    /// <summary>Adds each row of dy to its row of the table's gradient.</summary>
    internal static void EmbedBackward(this IDifferentiableOps ops, EmbeddingWeight table, ReadOnlyMemory<int> ids, Tensor dy) =>
        ops.Call(new EmbedBackwardOp(table, ids, dy), []);
}
