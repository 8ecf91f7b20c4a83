namespace Seriatim.Tensors;

/// <summary><c>y[i] = x[rows[i]]</c>; backward <c>dx[rows[i]] += dy[i]</c>, i in sequence, from zeros.</summary>
/// <remarks>Shapes: x [N, E], rows [R], y [R, E]. Nothing is saved. Copies and sums in a fixed order: its own reference.</remarks>
internal static unsafe class GatherRowsOp
{
    public static Tensor Forward(Tensor x, ReadOnlySpan<int> rows)
    {
        Check(rows, x.Rows);
        Tensor y = Tensor.Create(rows.Length, x.Columns);
        for (int i = 0; i < rows.Length; i++)
            x.Row(rows[i]).CopyTo(y.Row(i));
        return y;
    }

    public static Tensor Backward(ReadOnlySpan<int> rows, int sourceRows, Tensor dy)
    {
        Check(rows, sourceRows);
        OpShapes.Require(dy, rows.Length, dy.Columns, "GatherRows backward", "dy");
        Tensor dx = Tensor.Zeros(sourceRows, dy.Columns);
        for (int i = 0; i < rows.Length; i++)
        {
            Span<float> to = dx.Row(rows[i]);
            ReadOnlySpan<float> from = dy.Row(i);
            for (int e = 0; e < to.Length; e++)
                to[e] += from[e];
        }

        return dx;
    }

    private static void Check(ReadOnlySpan<int> rows, int count)
    {
        foreach (int row in rows)
        {
            if ((uint)row >= (uint)count)
                throw new ArgumentOutOfRangeException(nameof(rows), $"GatherRows: row {row} was asked for; x has the rows 0 to {count - 1}.");
        }
    }
}
