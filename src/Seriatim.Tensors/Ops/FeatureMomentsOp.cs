namespace Seriatim.Tensors;

/// <summary>
/// Mean and variance of each feature over all rows: <c>m_i = Σ_n x_ni / N</c>, <c>v_i = Σ_n (x_ni - m_i)² / N</c> (biased).
/// Backward: <c>dx_ni = (dm_i + 2 dv_i (x_ni - m_i)) / N</c>.
/// </summary>
/// <remarks>
/// Shapes: x [N, E], m and v [1, E]. Saved for backward: x, m. Features lie in lanes and rows come in sequence, so the bits do
/// not depend on threads or lanes. The one op whose rows know each other: batch norm is what it is for.
/// </remarks>
internal readonly unsafe struct FeatureMomentsOp(Tensor x) : IOp<FeatureMomentsOp>
{
    public static string Name => "FeatureMoments";

    public OpPart Part => OpPart.Norms;

    public int Results => 2;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (1, x.Columns);

    public void Check() => ShapeMismatchException.Require(x.Rows > 0, Name, "x", $"{x}", $"at least one row");

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = new Kernel<T>
        {
            X = x.Floats,
            Mean = results[0].Floats,
            Variance = results[1].Floats,
            Rows = x.Rows,
            Columns = x.Columns,
        };
        team.Run(RowKernel.Pieces(x.Columns, 16), ref work, x.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int i = 0; i < x.Columns; i++)
        {
            double mean = 0, square = 0;
            for (int n = 0; n < x.Rows; n++)
                mean += (double)x.Row(n)[i] / x.Rows;
            for (int n = 0; n < x.Rows; n++)
                square += (x.Row(n)[i] - mean) * (x.Row(n)[i] - mean) / x.Rows;
            (results[0].Span[i], results[1].Span[i]) = ((float)mean, (float)square);
        }
    }

    public FeatureMomentsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(x);
        saved.Add(results[0]);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new FeatureMomentsBackwardOp(x, results[0], dy[0], dy[1])));

    private struct Kernel<T> : IWork
        where T : struct, ILanes<T>
    {
        public float* X;
        public float* Mean;
        public float* Variance;
        public int Rows, Columns;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * 16, left = Columns - first;
            T count = T.Broadcast(Rows), sum = T.Broadcast(0f), squares = T.Broadcast(0f);
            for (int n = 0; n < Rows; n++)
                sum += RowKernel.Load<T>(X + (long)n * Columns + first, left);
            T mean = sum / count;
            for (int n = 0; n < Rows; n++)
            {
                T value = RowKernel.Load<T>(X + (long)n * Columns + first, left) - mean;
                squares = T.MultiplyAdd(value, value, squares);
            }

            RowKernel.Store(mean, Mean + first, left);
            RowKernel.Store(squares / count, Variance + first, left);
        }
    }
}

/// <summary>dx of <see cref="FeatureMomentsOp"/>; a gradient that did not arrive counts as zeros.</summary>
internal readonly unsafe struct FeatureMomentsBackwardOp(Tensor x, Tensor mean, Tensor? dMean, Tensor? dVariance) : IOpCall
{
    public static string Name => "FeatureMomentsBackward";

    public OpPart Part => OpPart.Norms;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        OpShapes.Require(mean, 1, x.Columns, Name, "the means");
        if (dMean is not null)
            OpShapes.RequireSame(mean, dMean, Name, "the gradient of the means");
        if (dVariance is not null)
            OpShapes.RequireSame(mean, dVariance, Name, "the gradient of the variances");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = new Kernel<T>
        {
            X = x.Floats,
            Dx = results[0].Floats,
            Mean = mean.Floats,
            DMean = dMean is null ? null : dMean.Floats,
            DVariance = dVariance is null ? null : dVariance.Floats,
            Rows = x.Rows,
            Columns = x.Columns,
        };
        team.Run(RowKernel.Pieces(x.Columns, 16), ref work, x.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int n = 0; n < x.Rows; n++)
        {
            for (int i = 0; i < x.Columns; i++)
            {
                double moved = ((double)x.Row(n)[i] - mean.Span[i]) * 2 * (dVariance?.Span[i] ?? 0);
                results[0].Row(n)[i] = (float)((moved + (dMean?.Span[i] ?? 0)) / x.Rows);
            }
        }
    }

    private struct Kernel<T> : IWork
        where T : struct, ILanes<T>
    {
        public float* X;
        public float* Dx;
        public float* Mean;
        public float* DMean;
        public float* DVariance;
        public int Rows, Columns;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * 16, left = Columns - first;
            T count = T.Broadcast(Rows), mean = RowKernel.Load<T>(Mean + first, left);
            T start = DMean == null ? T.Broadcast(0f) : RowKernel.Load<T>(DMean + first, left) / count;
            T slope = DVariance == null ? T.Broadcast(0f)
                : T.Broadcast(2f) * RowKernel.Load<T>(DVariance + first, left) / count;
            for (int n = 0; n < Rows; n++)
            {
                long at = (long)n * Columns + first;
                RowKernel.Store(T.MultiplyAdd(RowKernel.Load<T>(X + at, left) - mean, slope, start), Dx + at, left);
            }
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>Mean and biased variance of each feature over all rows: <c>[N, E] → [1, E]</c> twice.</summary>
    public static (Tensor Mean, Tensor Variance) FeatureMoments(this IOps ops, Tensor x)
    {
        var results = new Pair();
        ops.Run(new FeatureMomentsOp(x), results);
        return (results[0], results[1]);
    }
}
