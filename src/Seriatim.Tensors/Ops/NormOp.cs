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
internal static unsafe class NormOp
{
    public static Tensor Forward<T>(WorkerTeam team, Tensor x, NormWeight weight)
        where T : struct, ILanes<T>
    {
        int width = Width(x, weight);
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        var work = NormKernel<T>.For(x, y, null, weight, width);
        team.Run(RowKernel.Pieces(work.Rows, work.PerPiece), ref work);
        return y;
    }

    public static Tensor Backward<T>(WorkerTeam team, Tensor x, NormWeight weight, Tensor dy)
        where T : struct, ILanes<T>
    {
        int width = Width(x, weight);
        OpShapes.RequireSame(x, dy, "Norm backward", "dy");
        Tensor dx = Tensor.Create(x.Rows, x.Columns);
        var work = NormKernel<T>.For(x, dx, dy, weight, width);
        using Tensor moments = Tensor.Create(work.Rows, 2);
        work.Moments = moments.Floats;
        team.Run(RowKernel.Pieces(work.Rows, work.PerPiece), ref work);
        bool scale = weight.Scale is { Trainable: true };
        bool bias = weight.Bias is { Trainable: true };
        if (scale || bias)
        {
            var columns = new NormKernel<T>.ParameterWork
            {
                Kernel = work,
                Scale = scale ? weight.Scale!.GradientOrZeros().Floats : null,
                Bias = bias ? weight.Bias!.GradientOrZeros().Floats : null,
            };
            team.Run(RowKernel.Pieces(width, NormKernel<T>.ParameterWork.Group), ref columns);
        }

        return dx;
    }

    public static Tensor Reference(Tensor x, NormWeight weight)
    {
        int width = Width(x, weight);
        Tensor y = Tensor.Create(x.Rows, x.Columns);
        for (int start = 0; start < x.Length; start += width)
        {
            ReadOnlySpan<float> from = x.Span.Slice(start, width);
            Span<float> to = y.Span.Slice(start, width);
            (double mean, double r) = Moments(from, weight);
            for (int i = 0; i < width; i++)
                to[i] = (float)((from[i] - mean) * r * Factor(weight, i) + (weight.Bias is { } b ? b.Data.Span[i] : 0));
        }

        return y;
    }

    public static Tensor ReferenceBackward(Tensor x, NormWeight weight, Tensor dy)
    {
        int width = Width(x, weight);
        OpShapes.RequireSame(x, dy, "Norm backward", "dy");
        Tensor dx = Tensor.Create(x.Rows, x.Columns);
        double[] dscale = new double[width];
        double[] dbias = new double[width];
        for (int start = 0; start < x.Length; start += width)
        {
            ReadOnlySpan<float> from = x.Span.Slice(start, width);
            ReadOnlySpan<float> d = dy.Span.Slice(start, width);
            (double mean, double r) = Moments(from, weight);
            double meanG = 0;
            double meanGh = 0;
            for (int i = 0; i < width; i++)
            {
                double h = (from[i] - mean) * r;
                double g = d[i] * Factor(weight, i);
                meanG += g / width;
                meanGh += g * h / width;
                dscale[i] += d[i] * h;
                dbias[i] += d[i];
            }

            for (int i = 0; i < width; i++)
            {
                double h = (from[i] - mean) * r;
                double g = d[i] * Factor(weight, i);
                dx.Span[start + i] = (float)(r * (g - h * meanGh - (weight.Kind == NormKind.Layer ? meanG : 0)));
            }
        }

        AddTo(weight.Scale, dscale);
        AddTo(weight.Bias, dbias);
        return dx;
    }

    private static (double Mean, double Reciprocal) Moments(ReadOnlySpan<float> x, NormWeight weight)
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

    private static double Factor(NormWeight weight, int i) => weight.Scale is { } scale ? weight.Offset + scale.Data.Span[i] : 1;

    private static void AddTo(Parameter? parameter, double[] gradient)
    {
        if (parameter is not { Trainable: true })
            return;
        for (int i = 0; i < gradient.Length; i++)
            parameter.GradientOrZeros().Span[i] += (float)gradient[i];
    }

    /// <summary>Checks the shapes and returns the number of features that are normed together.</summary>
    private static int Width(Tensor x, NormWeight weight)
    {
        int width = weight.Scale?.Columns ?? weight.Bias?.Columns ?? x.Columns;
        ShapeMismatchException.Require(
            x.Columns % width == 0, "Norm", "x", $"{x}", $"a multiple of {width} columns, the width of {weight.Scale ?? weight.Bias},");
        ShapeMismatchException.Require(
            weight.Scale is not { } s || (s.Rows == 1 && s.Columns == width), "Norm", "the factor", $"{weight.Scale}", $"[1, {width}]");
        ShapeMismatchException.Require(
            weight.Bias is not { } b || (b.Rows == 1 && b.Columns == width), "Norm", "the bias", $"{weight.Bias}", $"[1, {width}]");
        return width;
    }
}
