namespace Seriatim.Tensors;

/// <summary><c>y[rows[i]] += x[i]</c>, i in sequence, from zeros; backward <c>dx[i] = dy[rows[i]]</c>.</summary>
/// <remarks>
/// Shapes: x [R, E], rows [R], y [count, E]. Nothing is saved. The gradient of <see cref="GatherRowsOp"/>, and it of this: copies
/// and sums in a fixed order, so it is its own reference.
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
        foreach (int row in rows.Span)
        {
            ShapeMismatchException.Require((uint)row < (uint)count, Name, "a row", $"{row}", $"0 to {count - 1}");
        }
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results) => new GatherRowsBackwardOp(rows, count, x).Reference(results);

    public ScatterRowsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new GatherRowsOp(dy[0]!, rows)));
}

public static partial class OpsExtensions
{
    /// <summary>Rows in other places, added where several go to one, zeros elsewhere: <c>[R, E] → [count, E]</c>.</summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">The rows.</param>
    /// <param name="rows">Where each goes.</param>
    /// <param name="count">Rows of the result.</param>
    public static Tensor ScatterRows(this IOps ops, Tensor x, ReadOnlyMemory<int> rows, int count) =>
        ops.Run(new ScatterRowsOp(x, rows, count));
}
