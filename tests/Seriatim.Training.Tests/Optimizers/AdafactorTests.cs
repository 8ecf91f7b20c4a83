namespace Seriatim.Training.Tests;

/// <summary>Against the formulas of the paper in plain loops over a matrix, whatever its order in memory.</summary>
public sealed class AdafactorTests
{
    [Theory]
    [InlineData(70, 41, ParameterLayout.Panels, false, 1)]
    [InlineData(70, 41, ParameterLayout.RowMajor, true, 2)]
    [InlineData(32, 7, ParameterLayout.Panels, true, 3)]
    [InlineData(1, 50, ParameterLayout.RowMajor, false, 1)]
    public void It_follows_the_paper(int rows, int columns, ParameterLayout layout, bool scaled, int threads)
    {
        var options = new AdafactorOptions { ScaleParameter = scaled, WeightDecay = 0.1, ClipThreshold = scaled ? 0.5 : 1 };
        using var parameter = new Parameter("p", rows, columns, layout);
        double[,] weights = new double[rows, columns];
        var averages = new double[Math.Max(rows * columns, rows + columns)];
        float[] row = new float[columns];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
                weights[r, c] = row[c] = MathF.Sin(r * 13 + c * 7) * 0.3f;
            parameter.WriteRow(r, row);
        }

        using var optimizer = new Adafactor([new TrainableParameter(parameter, Decays: true)], options);
        using IDifferentiableOps ops = CpuOps.Create(threads);
        for (int step = 1; step <= 4; step++)
        {
            optimizer.ClearGradients();
            double[,] gradient = new double[rows, columns];
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < columns; c++)
                    gradient[r, c] = row[c] = MathF.Cos(r * 5 + c * step) * (1 + c % 3);
                parameter.AddGradientRow(r, row);
            }

            optimizer.Step(ops, 0.05, gradientScale: 0.5);
            Reference(weights, gradient, averages, step, options);
            for (int r = 0; r < rows; r++)
            {
                parameter.ReadRow(r, row);
                for (int c = 0; c < columns; c++)
                    Assert.Equal(weights[r, c], row[c], 1e-5);
            }
        }

        Assert.True(parameter.Data.Span[^1] == 0 || layout == ParameterLayout.RowMajor || rows % 32 == 0, "a filler of the last panel has moved");
        Assert.Equal(rows == 1 ? columns : rows + columns, optimizer.Moments.Sum(m => m.Rows * m.Columns));
    }

    [Fact]
    public void Bits_do_not_depend_on_threads()
    {
        float[] Run(int threads)
        {
            using Model model = TinyModel.Gpt(vocabulary: 300);
            IReadOnlyList<TrainableParameter> parameters = new ParameterSelection().Select(model);
            foreach (TrainableParameter p in parameters)
            {
                Span<float> gradient = p.Parameter.GradientOrZeros().Span;
                for (int i = 0; i < gradient.Length; i++)
                    gradient[i] = MathF.Sin(i * 0.37f);
            }

            using var optimizer = new Adafactor(parameters);
            using IDifferentiableOps ops = CpuOps.Create(threads);
            for (int i = 0; i < 3; i++)
                optimizer.Step(ops, 0.01);
            return [.. parameters.SelectMany(p => p.Parameter.Data.Span.ToArray())];
        }

        float[] expected = Run(1);
        Assert.Equal(expected, Run(2));
        Assert.Equal(expected, Run(5));
    }

    private static void Reference(double[,] p, double[,] gradient, double[] averages, int step, AdafactorOptions options)
    {
        (int rows, int columns) = (p.GetLength(0), p.GetLength(1));
        double beta = 1 - Math.Pow(step, -options.DecayRate);
        double[,] u = new double[rows, columns];
        Span<double> rowMeans = averages.AsSpan(0, rows), columnMeans = averages.AsSpan(rows, columns);
        double Square(int r, int c) => Math.Pow(gradient[r, c] * 0.5, 2) + options.SquareEpsilon;
        if (rows == 1)
        {
            for (int c = 0; c < columns; c++)
            {
                averages[c] = beta * averages[c] + (1 - beta) * Square(0, c);
                u[0, c] = gradient[0, c] * 0.5 / Math.Sqrt(averages[c]);
            }
        }
        else
        {
            for (int r = 0; r < rows; r++)
                rowMeans[r] = beta * rowMeans[r] + (1 - beta) * Enumerable.Range(0, columns).Average(c => Square(r, c));
            for (int c = 0; c < columns; c++)
                columnMeans[c] = beta * columnMeans[c] + (1 - beta) * Enumerable.Range(0, rows).Average(r => Square(r, c));
            double mean = rowMeans.ToArray().Average();
            for (int r = 0; r < rows; r++)
            {
                for (int c = 0; c < columns; c++)
                    u[r, c] = gradient[r, c] * 0.5 / Math.Sqrt(rowMeans[r] * columnMeans[c] / mean);
            }
        }

        double Root(double[,] m) => Math.Sqrt(m.Cast<double>().Average(v => v * v));
        double rate = 0.05 * (options.ScaleParameter ? Math.Max(options.SmallestScale, Root(p)) : 1), size = Root(u);
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
                p[r, c] = p[r, c] * (1 - rate * options.WeightDecay) - rate * u[r, c] / Math.Max(1, size / options.ClipThreshold);
        }
    }
}
