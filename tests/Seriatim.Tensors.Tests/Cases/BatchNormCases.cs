namespace Seriatim.Tensors.Tests;

/// <summary>Batch norm by the statistics of its rows, by running ones, and the statistics alone.</summary>
internal static class BatchNormCases
{
    private static readonly (int Rows, int Width)[] Shapes = [(3, 5), (7, 16), (40, 40), (33, 100), (600, 17)];

    public static IEnumerable<OpCase> All()
    {
        foreach ((int rows, int width) in Shapes)
        {
            yield return new OpCase($"feature means [{rows}, {width}]", (c, ops) => Moment(c, ops, 0))
            {
                Tolerance = 1e-5f,
            }.Input(rows, width);
            yield return new OpCase($"feature variances [{rows}, {width}]", (c, ops) => Moment(c, ops, 1))
            {
                Tolerance = 1e-5f,
            }.Input(rows, width);
            foreach (bool bias in (bool[])[false, true])
            {
                yield return Make($"batch norm [{rows}, {width}]", rows, width, bias, Normed);
                yield return Make($"running norm [{rows}, {width}]", rows, width, bias, (ops, x, w) => ops.BatchNorm(x, w));
            }
        }

        yield return Make("running norm of one row", 1, 20, true, (ops, x, w) => ops.BatchNorm(x, w));
    }

    private static OpCase Make(string name, int rows, int width, bool bias, Func<IOps, Tensor, BatchNormWeight, Tensor> run)
    {
        BatchNormWeight weight = null!;
        OpCase c = new OpCase($"{name} bias {bias}", (c, ops) => run(ops, c.Inputs[0], weight))
        {
            Tolerance = 2e-5f,
        }.Input(rows, width);
        weight = new BatchNormWeight(c.Parameter(1, width), bias ? c.Parameter(1, width) : null, Fixed(c, width, 0.1f),
            Fixed(c, width, 0.7f), 1e-5f);
        return c;
    }

    private static Tensor Normed(IOps ops, Tensor x, BatchNormWeight weight)
    {
        (Tensor mean, Tensor variance) = ops.FeatureMoments(x);
        using (mean)
        using (variance)
            return ops.BatchNorm(x, weight, mean, variance);
    }

    private static Tensor Moment(OpCase c, IOps ops, int which)
    {
        (Tensor mean, Tensor variance) = ops.FeatureMoments(c.Inputs[0]);
        (which == 0 ? variance : mean).Dispose();
        return which == 0 ? mean : variance;
    }

    private static Parameter Fixed(OpCase c, int width, float start)
    {
        Parameter parameter = c.Parameter(1, width);
        parameter.WriteRow(0, [.. Enumerable.Range(0, width).Select(i => start + i % 7 * 0.25f)]);
        parameter.Trainable = false;
        return parameter;
    }
}
