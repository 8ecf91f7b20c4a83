namespace Seriatim.Tensors;

/// <summary>
/// Turns pairs of features by the angle of their row: <c>a' = a cos - b sin</c>, <c>b' = b cos + a sin</c>, pair i of a
/// head being (i, i + R/2) or (2i, 2i + 1). Backward turns the other way: sin changes its sign.
/// </summary>
/// <remarks>
/// Shapes: x, y [N, H·D], cosines and sines [N, R/2], R ≤ D; features from R on pass unchanged. Saved for backward: the angles.
/// One multiplication and one fused multiply-add a feature in any order: the same bits in every lane.
/// </remarks>
internal readonly unsafe struct RopeOp(Tensor x, RopeRows rows, bool backward) : IOp<RopeOp>
{
    public static string Name => "Rope";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        string operation = backward ? "Rope backward" : "Rope";
        ShapeMismatchException.Require(
            x.Columns % rows.HeadDim == 0, operation, "x", $"{x}", $"a multiple of the head dimension {rows.HeadDim} in columns");
        ShapeMismatchException.Require(
            rows.RotaryDim <= rows.HeadDim, operation, "the angles", $"{rows.Cosines}", $"at most {rows.HeadDim / 2} columns");
        OpShapes.Require(rows.Cosines, x.Rows, rows.RotaryDim / 2, operation, "the cosines");
        OpShapes.Require(rows.Sines, x.Rows, rows.RotaryDim / 2, operation, "the sines");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = new Work<T>
        {
            X = x.Floats,
            Y = results[0].Floats,
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
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        Tensor y = results[0];
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
    }

    public RopeOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        // The angles belong to the batch, which may be gone when the gradients are computed.
        saved.Add(rows.Cosines);
        saved.Add(rows.Sines);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new RopeOp(dy[0]!, rows, !backward)));

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
                {
                    Turn(X + (long)n * Columns + head, Y + (long)n * Columns + head, Cosines + (long)n * Half,
                        Sines + (long)n * Half);
                }
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

public static partial class OpsExtensions
{
    /// <summary>Turns query or key heads by their position: <c>[N, H·D] → [N, H·D]</c>.</summary>
    public static Tensor Rope(this IOps ops, Tensor x, RopeRows rows) => ops.Run(new RopeOp(x, rows, backward: false));
}
