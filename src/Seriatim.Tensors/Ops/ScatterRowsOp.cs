namespace Seriatim.Tensors;

/// <summary><c>y[rows[i]] = x[i]</c>, zeros elsewhere; backward <c>dx[i] = dy[rows[i]]</c>.</summary>
/// <remarks>
/// Shapes: x [R, E], rows [R] without repeats, y [N, E]. Nothing is saved. Copies alone: its own reference.
/// </remarks>
internal readonly struct ScatterRowsOp(Tensor x, ReadOnlyMemory<int> rows, int count) : IOp<ScatterRowsOp>
{
    public static string Name => "ScatterRows";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (count, x.Columns);

    public void Check()
    {
        OpShapes.Require(x, rows.Length, x.Columns, Name, "x");
        Span<bool> taken = new bool[count];
        foreach (int row in rows.Span)
        {
            if ((uint)row >= (uint)count)
            {
                throw new ArgumentOutOfRangeException(nameof(row),
                    $"{Name}: row {row} was asked for; the result has the rows 0 to {count - 1}.");
            }

            if (taken[row])
                throw new ArgumentException($"{Name}: row {row} stands twice in the list; every row once is needed.");
            taken[row] = true;
        }
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        results[0].Span.Clear();
        ReadOnlySpan<int> targets = rows.Span;
        for (int i = 0; i < targets.Length; i++)
            x.Row(i).CopyTo(results[0].Row(targets[i]));
    }

    public ScatterRowsOp Recorded() => this;

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.GatherRows(dy[0]!, rows));
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Rows put to their places among <paramref name="count"/> rows that are zeros otherwise: <c>[R, E] → [count, E]</c>.
    /// </summary>
    public static Tensor ScatterRows(this IOps ops, Tensor x, ReadOnlyMemory<int> rows, int count) =>
        ops.Run(new ScatterRowsOp(x, rows, count));
}
