namespace Seriatim.Tensors;

/// <summary>
/// <c>y_ni = (x_ni - m_i) r_i w_i + b_i</c> with <c>r_i = 1 / sqrt(v_i + ε)</c>: batch norm (Ioffe and Szegedy, 2015) by given
/// means and variances, or by the running ones. Backward, with <c>g = dy w</c>: <c>dx = g r</c>, <c>dm = -Σ_n g r</c>,
/// <c>dv = -½ Σ_n g (x - m) r³</c>, <c>dw += Σ_n dy (x - m) r</c>, <c>db += Σ_n dy</c>.
/// </summary>
/// <remarks>
/// Shapes: x, y [N, E]; m, v, w, b [1, E]. Saved for backward: x, and m and v if they were given: running ones have no gradient.
/// Each element by itself; sums over rows in sequence, features in lanes.
/// </remarks>
internal readonly unsafe struct BatchNormOp(Tensor x, BatchNormWeight weight, Tensor? mean, Tensor? variance)
    : IOp<BatchNormOp>
{
    public static string Name => "BatchNorm";

    public OpPart Part => OpPart.Norms;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    private Tensor Mean => mean ?? weight.Mean.Data;

    private Tensor Variance => variance ?? weight.Variance.Data;

    public void Check()
    {
        OpShapes.Require(Mean, 1, x.Columns, Name, "the means");
        OpShapes.Require(Variance, 1, x.Columns, Name, "the variances");
        OpShapes.Require(weight.Scale.Data, 1, x.Columns, Name, "the factor");
        if (weight.Bias is { } bias)
            OpShapes.Require(bias.Data, 1, x.Columns, Name, "the bias");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        BatchNormKernel<T> work = Kernel<T>(x, weight, Mean, Variance);
        work.Y = results[0].Floats;
        team.Run(RowKernel.Pieces(x.Columns, 16), ref work, x.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int n = 0; n < x.Rows; n++)
        {
            for (int i = 0; i < x.Columns; i++)
            {
                double h = ((double)x.Row(n)[i] - Mean.Span[i]) / Math.Sqrt((double)Variance.Span[i] + weight.Epsilon);
                results[0].Row(n)[i] = (float)(h * weight.Scale.Data.Span[i] + (weight.Bias?.Data.Span[i] ?? 0));
            }
        }
    }

    public BatchNormOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Weight(weight.Scale).Trains(weight.Bias);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(x);
        if (mean is not null)
            saved.Add(mean);
        if (variance is not null)
            saved.Add(variance);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        var made = new Tensor[3];
        ops.Call(new BatchNormBackwardOp(x, weight, Mean, Variance, dy[0]!), made);
        gradients.Add(x, made[0]);
        Give(mean, made[1], gradients);
        Give(variance, made[2], gradients);
    }

    internal static BatchNormKernel<T> Kernel<T>(Tensor x, BatchNormWeight weight, Tensor mean, Tensor variance)
        where T : struct, ILanes<T> => new()
        {
            X = x.Floats,
            Mean = mean.Floats,
            Variance = variance.Floats,
            Scale = weight.Scale.Data.Floats,
            Bias = weight.Bias is null ? null : weight.Bias.Data.Floats,
            Rows = x.Rows,
            Columns = x.Columns,
            Epsilon = weight.Epsilon,
        };

    private static void Give(Tensor? operand, Tensor gradient, Gradients gradients)
    {
        if (operand is null)
            gradient.Dispose();
        else
            gradients.Add(operand, gradient);
    }
}

/// <summary>Returns dx, dm and dv; adds to the gradients of factor and bias.</summary>
internal readonly unsafe struct BatchNormBackwardOp(Tensor x, BatchNormWeight weight, Tensor mean, Tensor variance, Tensor dy)
    : IOpCall
{
    public static string Name => "BatchNormBackward";

    public OpPart Part => OpPart.Norms;

    public int Results => 3;

    public (int Rows, int Columns) Shape(int result) => (result == 0 ? x.Rows : 1, x.Columns);

    public void Check()
    {
        new BatchNormOp(x, weight, mean, variance).Check();
        OpShapes.RequireSame(x, dy, Name, "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        BatchNormKernel<T> work = BatchNormOp.Kernel<T>(x, weight, mean, variance);
        work.Y = results[0].Floats;
        work.Dy = dy.Floats;
        work.DMean = results[1].Floats;
        work.DVariance = results[2].Floats;
        work.DScale = weight.Scale.Trainable ? weight.Scale.GradientOrZeros().Floats : null;
        work.DBias = weight.Bias is { Trainable: true } bias ? bias.GradientOrZeros().Floats : null;
        team.Run(RowKernel.Pieces(x.Columns, 16), ref work, x.Length);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int i = 0; i < x.Columns; i++)
        {
            double r = 1 / Math.Sqrt((double)variance.Span[i] + weight.Epsilon), w = weight.Scale.Data.Span[i];
            double dMean = 0, dVariance = 0, dScale = 0, dBias = 0;
            for (int n = 0; n < x.Rows; n++)
            {
                double d = dy.Row(n)[i], moved = (double)x.Row(n)[i] - mean.Span[i];
                results[0].Row(n)[i] = (float)(d * w * r);
                dMean -= d * w * r;
                dVariance -= d * w * moved * r * r * r / 2;
                dScale += d * moved * r;
                dBias += d;
            }

            (results[1].Span[i], results[2].Span[i]) = ((float)dMean, (float)dVariance);
            if (weight.Scale.Trainable)
                weight.Scale.GradientOrZeros().Span[i] += (float)dScale;
            if (weight.Bias is { Trainable: true } bias)
                bias.GradientOrZeros().Span[i] += (float)dBias;
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>Batch norm by the running means and variances, each row by itself: <c>[N, E] → [N, E]</c>.</summary>
    public static Tensor BatchNorm(this IOps ops, Tensor x, BatchNormWeight weight) =>
        ops.Run(new BatchNormOp(x, weight, null, null));

    /// <summary>Batch norm by other means and variances, as a rule those of x: <c>[N, E] → [N, E]</c>.</summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">Rows.</param>
    /// <param name="weight">Factor and bias; the running means and variances are not read.</param>
    /// <param name="mean">The mean of each feature, <c>[1, E]</c>.</param>
    /// <param name="variance">Its biased variance, <c>[1, E]</c>.</param>
    public static Tensor BatchNorm(this IOps ops, Tensor x, BatchNormWeight weight, Tensor mean, Tensor variance) =>
        ops.Run(new BatchNormOp(x, weight, mean, variance));
}
