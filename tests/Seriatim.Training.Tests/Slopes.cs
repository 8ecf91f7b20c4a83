namespace Seriatim.Training.Tests;

/// <summary>Gradients of a model against difference quotients of its loss, a few elements of each parameter.</summary>
internal static class Slopes
{
    /// <summary>What the loss, which is stored in F32, adds to a quotient, times the step.</summary>
    private const float Rounding = 4e-7f;

    /// <summary>Compares the gradients that the parameters hold with slopes of the loss.</summary>
    /// <param name="model">Has gradients of the loss.</param>
    /// <param name="loss">The loss of the same data.</param>
    /// <param name="step">How far an element moves: less where the loss bends more.</param>
    public static void Check(Model model, Func<double> loss, float step = 2e-2f)
    {
        var random = new Random(3);
        foreach (ModelParameter parameter in model.Parameters)
        {
            Parameter p = parameter.Parameter;
            (float[] row, float[] gradient) = (new float[p.Columns], new float[p.Columns]);
            float largest = Enumerable.Range(0, p.Rows).Max(r =>
                { p.ReadGradientRow(r, gradient); return gradient.Max(Math.Abs); });
            for (int sample = 0; sample < 6; sample++)
            {
                (int r, int c) = (random.Next(p.Rows), random.Next(p.Columns));
                p.ReadRow(r, row);
                p.ReadGradientRow(r, gradient);
                float value = row[c];
                double slope = 0;
                foreach ((float at, double weight) in new[] { (step, 8.0), (-step, -8.0), (2 * step, -1.0), (-2 * step, 1.0) })
                {
                    row[c] = value + at;
                    p.WriteRow(r, row);
                    slope += weight * loss() / (12 * (double)step);
                }

                row[c] = value;
                p.WriteRow(r, row);
                Assert.True(Math.Abs(slope - gradient[c]) <= 2e-3 * largest + Rounding / step,
                    $"{p.Name}[{r}, {c}]: gradient {gradient[c]}, slope {slope}, largest {largest}");
            }
        }
    }
}
