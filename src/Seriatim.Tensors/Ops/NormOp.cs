namespace Seriatim.Tensors;

/// <summary>
/// RMS norm <c>y = x r (o + w) + b</c> with <c>r = 1 / sqrt(mean(x²) + ε)</c>; layer norm the same of <c>x - mean(x)</c>.
/// Backward, with <c>g = dy (o + w)</c> and <c>h = (x - mean) r</c>: <c>dx = r (g - h mean(g h) [- mean(g)])</c>,
/// <c>dw += Σ_n dy h</c>, <c>db += Σ_n dy</c>.
/// </summary>
/// <remarks>
/// Shapes: x, y [N, E], w and b [1, E'] with E a multiple of E': each piece of E' features is normed by itself. Saved for
/// backward: x; r is computed again. Sums over features use 16 partial sums (feature i goes to sum i mod 16) folded in one tree.
/// </remarks>
internal readonly unsafe struct NormOp(Tensor x, NormWeight weight) : IOp<NormOp>
{
    public static string Name => "Norm";

    public OpPart Part => OpPart.Norms;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        if (weight.Kind == NormKind.Batch)
            throw new ArgumentException("Norm takes each row by itself; a batch norm is a BatchNormWeight and the op BatchNorm.");
        Width(x, weight);
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        var work = NormKernel<T>.For(x, results[0], null, weight, Width(x, weight));
        team.Run(RowKernel.Pieces(work.Rows, work.PerPiece), ref work);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int width = Width(x, weight);
        Tensor y = results[0];
        for (int start = 0; start < x.Length; start += width)
        {
            ReadOnlySpan<float> from = x.Span.Slice(start, width);
            Span<float> to = y.Span.Slice(start, width);
            (double mean, double r) = Moments(from, weight);
            for (int i = 0; i < width; i++)
                to[i] = (float)((from[i] - mean) * r * Factor(weight, i) + (weight.Bias is { } b ? b.Data.Span[i] : 0));
        }
    }

    public NormOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Weight(weight.Scale).Trains(weight.Bias);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new NormBackwardOp(x, weight, dy[0]!)));

    internal static (double Mean, double Reciprocal) Moments(ReadOnlySpan<float> x, NormWeight weight)
    {
        double mean = 0;
        if (weight.Kind == NormKind.Layer)
        {
            foreach (float value in x)
                mean += value;
            mean /= x.Length;
        }

        double square = 0;
        foreach (float value in x)
            square += (value - mean) * (value - mean);
        return (mean, 1 / Math.Sqrt(square / x.Length + weight.Epsilon));
    }

    internal static double Factor(NormWeight weight, int i) => weight.Scale is { } scale ? weight.Offset + scale.Data.Span[i] : 1;

    /// <summary>Checks the shapes and returns the number of features that are normed together.</summary>
    internal static int Width(Tensor x, NormWeight weight)
    {
        int width = weight.Scale?.Columns ?? weight.Bias?.Columns ?? (weight.Width > 0 ? weight.Width : x.Columns);
        ShapeMismatchException.Require(
            x.Columns % width == 0, "Norm", "x", $"{x}",
            $"a multiple of {width} columns, the width of {weight.Scale ?? weight.Bias ?? (object)"each piece"},");
        ShapeMismatchException.Require(
            weight.Scale is not { } s || (s.Rows == 1 && s.Columns == width), "Norm", "the factor", $"{weight.Scale}",
            $"[1, {width}]");
        ShapeMismatchException.Require(
            weight.Bias is not { } b || (b.Rows == 1 && b.Columns == width), "Norm", "the bias", $"{weight.Bias}",
            $"[1, {width}]");
        return width;
    }
}

/// <summary>Returns dx; adds to the gradients of the norm's factor and bias.</summary>
internal readonly unsafe struct NormBackwardOp(Tensor x, NormWeight weight, Tensor dy) : IOpCall
{
    public static string Name => "NormBackward";

    public OpPart Part => OpPart.Norms;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        NormOp.Width(x, weight);
        OpShapes.RequireSame(x, dy, "Norm backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        int width = NormOp.Width(x, weight);
        var work = NormKernel<T>.For(x, results[0], dy, weight, width);
        using Tensor moments = Tensor.Create(work.Rows, 2);
        work.Moments = moments.Floats;
        team.Run(RowKernel.Pieces(work.Rows, work.PerPiece), ref work);
        bool scale = weight.Scale is { Trainable: true };
        bool bias = weight.Bias is { Trainable: true };
        if (!scale && !bias)
            return;
        var columns = new NormKernel<T>.ParameterWork
        {
            Kernel = work,
            Scale = scale ? weight.Scale!.GradientOrZeros().Floats : null,
            Bias = bias ? weight.Bias!.GradientOrZeros().Floats : null,
        };
        team.Run(RowKernel.Pieces(width, NormKernel<T>.ParameterWork.Group), ref columns);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        int width = NormOp.Width(x, weight);
        Tensor dx = results[0];
        double[] dscale = new double[width];
        double[] dbias = new double[width];
        for (int start = 0; start < x.Length; start += width)
        {
            ReadOnlySpan<float> from = x.Span.Slice(start, width);
            ReadOnlySpan<float> d = dy.Span.Slice(start, width);
            (double mean, double r) = NormOp.Moments(from, weight);
            double meanG = 0;
            double meanGh = 0;
            for (int i = 0; i < width; i++)
            {
                double h = (from[i] - mean) * r;
                double g = d[i] * NormOp.Factor(weight, i);
                meanG += g / width;
                meanGh += g * h / width;
                dscale[i] += d[i] * h;
                dbias[i] += d[i];
            }

            for (int i = 0; i < width; i++)
            {
                double h = (from[i] - mean) * r;
                double g = d[i] * NormOp.Factor(weight, i);
                dx.Span[start + i] = (float)(r * (g - h * meanGh - (weight.Kind == NormKind.Layer ? meanG : 0)));
            }
        }

        AddTo(weight.Scale, dscale);
        AddTo(weight.Bias, dbias);
    }

    private static void AddTo(Parameter? parameter, double[] gradient)
    {
        if (parameter is not { Trainable: true })
            return;
        for (int i = 0; i < gradient.Length; i++)
            parameter.GradientOrZeros().Span[i] += (float)gradient[i];
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// RMS or layer norm of each row: <c>[N, E] → [N, E]</c>. E may be a multiple of the weight's length, or of its
    /// width if it has neither factor nor bias: then each piece is a row (norms per head).
    /// </summary>
    public static Tensor Norm(this IOps ops, Tensor x, NormWeight weight) => ops.Run(new NormOp(x, weight));
}
