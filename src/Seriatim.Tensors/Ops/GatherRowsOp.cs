namespace Seriatim.Tensors;

/// <summary><c>y[i] = x[rows[i]]</c>; backward <c>dx[rows[i]] += dy[i]</c>, i in sequence, from zeros.</summary>
/// <remarks>
/// Shapes: x [N, E], rows [R], y [R, E]. Nothing is saved. Copies and sums in a fixed order: its own reference.
/// </remarks>
internal readonly struct GatherRowsOp(Tensor x, ReadOnlyMemory<int> rows) : IOp<GatherRowsOp>
{
    public static string Name => "GatherRows";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (rows.Length, x.Columns);

    public void Check() => CheckRows(rows.Span, x.Rows);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results) => Copy(x, rows.Span, results[0]);

    public GatherRowsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Takes(rows);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.GatherRowsBackward(rows, x.Rows, dy[0]!));

    internal static void Copy(Tensor x, ReadOnlySpan<int> rows, Tensor y)
    {
        for (int i = 0; i < rows.Length; i++)
            x.Row(rows[i]).CopyTo(y.Row(i));
    }

    internal static void CheckRows(ReadOnlySpan<int> rows, int count)
    {
        foreach (int row in rows)
        {
            if ((uint)row >= (uint)count)
            {
                throw new ArgumentOutOfRangeException(nameof(rows),
                    $"GatherRows: row {row} was asked for; x has the rows 0 to {count - 1}.");
            }
        }
    }
}

/// <summary>Each row of dy added to the row it came from.</summary>
internal readonly struct GatherRowsBackwardOp(ReadOnlyMemory<int> rows, int sourceRows, Tensor dy) : IOpCall
{
    public static string Name => "GatherRowsBackward";

    public OpPart Part => OpPart.Other;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (sourceRows, dy.Columns);

    public void Check()
    {
        GatherRowsOp.CheckRows(rows.Span, sourceRows);
        OpShapes.Require(dy, rows.Length, dy.Columns, "GatherRows backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => Reference(results);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        results[0].Span.Clear();
        ReadOnlySpan<int> targets = rows.Span;
        for (int i = 0; i < targets.Length; i++)
        {
            Span<float> to = results[0].Row(targets[i]);
            ReadOnlySpan<float> from = dy.Row(i);
            for (int e = 0; e < to.Length; e++)
                to[e] += from[e];
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>Some rows of x, in the order given, repeats allowed: <c>[N, E] → [rows, E]</c>.</summary>
    public static Tensor GatherRows(this IOps ops, Tensor x, ReadOnlyMemory<int> rows) => ops.Run(new GatherRowsOp(x, rows));

    /// <summary>Returns dx <c>[sourceRows, E]</c>: each row of dy added to the row it came from.</summary>
    internal static Tensor GatherRowsBackward(this IDifferentiableOps ops, ReadOnlyMemory<int> rows, int sourceRows, Tensor dy) =>
        ops.Call(new GatherRowsBackwardOp(rows, sourceRows, dy));
}
