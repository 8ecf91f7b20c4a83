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
    public static Tensor Run<T>(WorkerTeam team, Tensor x, RopeRows rows, bool backward)
        where T : struct, ILanes<T>
    {
        Check(x, rows, backward ? "Rope backward" : "Rope");
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        var work = new Work<T>
        {
            X = x.Floats,
            Y = y.Floats,
            Cosines = rows.Cosines.Floats,
            Sines = rows.Sines.Floats,
            Rows = x.Rows,
            Columns = x.Columns,
            HeadDim = rows.HeadDim,
            Half = rows.Cosines.Columns,
            Interleaved = rows.Pairing == RopePairing.Interleaved,
            Direction = backward ? -1 : 1,
            PerPiece = RowKernel.RowsPerPiece(x.Columns),
        };
        team.Run(RowKernel.Pieces(x.Rows, work.PerPiece), ref work);
        return y;
    }

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

    private struct Work<T> : IWork
        where T : struct, ILanes<T>
    {
        public float* X, Y, Cosines, Sines;
        public int Rows, Columns, HeadDim, Half, PerPiece;
        public bool Interleaved;
        public float Direction;

        public readonly void Do(int piece, int worker)
        {
            for (int n = piece * PerPiece; n < Math.Min(Rows, (piece + 1) * PerPiece); n++)
            {
                for (int head = 0; head < Columns; head += HeadDim)
                    Turn(X + (long)n * Columns + head, Y + (long)n * Columns + head, Cosines + (long)n * Half, Sines + (long)n * Half);
            }
        }

        private readonly void Turn(float* x, float* y, float* cosines, float* sines)
        {
            int i = 0;
            if (!Interleaved)
            {
                T direction = T.Broadcast(Direction);
                for (; i + 16 <= Half; i += 16)
                {
                    T cos = T.Load(cosines + i);
                    T sin = T.Load(sines + i) * direction;
                    T a = T.Load(x + i);
                    T b = T.Load(x + Half + i);
                    T.Store(T.MultiplyAdd(a, cos, T.Broadcast(0f) - b * sin), y + i);
                    T.Store(T.MultiplyAdd(b, cos, a * sin), y + Half + i);
                }
            }

            for (; i < Half; i++)
            {
                int first = Interleaved ? 2 * i : i;
                int second = Interleaved ? 2 * i + 1 : i + Half;
                float sin = sines[i] * Direction;
                float a = x[first];
                float b = x[second];
                y[first] = MathF.FusedMultiplyAdd(a, cosines[i], 0f - b * sin);
                y[second] = MathF.FusedMultiplyAdd(b, cosines[i], a * sin);
            }

            for (i = 2 * Half; i < HeadDim; i++)
                y[i] = x[i];
        }
    }
}
