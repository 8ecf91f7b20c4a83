namespace Seriatim.Tensors;

/// <summary>
/// Turns pairs of features by the angle of their row: <c>a' = a cos - b sin</c>, <c>b' = b cos + a sin</c>, pair i of a
/// head being (i, i + R/2) or (2i, 2i + 1). Backward turns the other way: sin changes its sign.
/// </summary>
/// <remarks>
/// Shapes: x, y [N, H·D], cosines and sines [N, R/2], R ≤ D; features from R on pass unchanged. Nothing is saved. One
/// multiplication and one fused multiply-add a feature in any order: the same bits in every lane.
/// </remarks>
internal static unsafe class RopeOp
{
    public static Tensor Reference(Tensor x, RopeRows rows, bool backward)
    {
        Check(x, rows, backward ? "Rope backward" : "Rope");
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        int half = rows.Cosines.Columns;
        for (int n = 0; n < x.Rows; n++)
        {
            x.Row(n).CopyTo(y.Row(n));
            for (int start = 0; start < x.Columns; start += rows.HeadDim)
            {
                for (int i = 0; i < half; i++)
                {
                    (int first, int second) = rows.Pairing == RopePairing.HalfSplit ? (i, i + half) : (2 * i, 2 * i + 1);
                    double cos = rows.Cosines.Row(n)[i];
                    double sin = backward ? -rows.Sines.Row(n)[i] : rows.Sines.Row(n)[i];
                    double a = x.Row(n)[start + first];
                    double b = x.Row(n)[start + second];
                    y.Row(n)[start + first] = (float)(a * cos - b * sin);
                    y.Row(n)[start + second] = (float)(b * cos + a * sin);
                }
            }
        }

        return y;
    }

    public static void Check(Tensor x, RopeRows rows, string operation)
    {
        ShapeMismatchException.Require(
            x.Columns % rows.HeadDim == 0, operation, "x", $"{x}", $"a multiple of the head dimension {rows.HeadDim} in columns");
        ShapeMismatchException.Require(
            rows.RotaryDim <= rows.HeadDim, operation, "the angles", $"{rows.Cosines}", $"at most {rows.HeadDim / 2} columns");
        OpShapes.Require(rows.Cosines, x.Rows, rows.RotaryDim / 2, operation, "the cosines");
        OpShapes.Require(rows.Sines, x.Rows, rows.RotaryDim / 2, operation, "the sines");
    }
}
