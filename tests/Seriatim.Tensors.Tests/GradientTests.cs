namespace Seriatim.Tensors.Tests;

/// <summary>
/// Gradients against difference quotients along directions that move all elements of an operand at once, so that every element counts and the
/// slope is far above the noise of F32. The tolerance is relative to the gradient; the test also checks that it would notice 5 % in any operand.
/// </summary>
public sealed class GradientTests
{
    /// <summary>Deviation of each element's move.</summary>
    private const double Step = 2e-3;

    /// <summary>Allowed error, of the length of the gradient.</summary>
    private const double Relative = 3e-3;

    /// <summary>Relative error of a stored element of the result, 2^-24, with room for what inner sums in F32 add.</summary>
    private const double Rounding = 2.4e-7;

    private static readonly Dictionary<string, OpCase> Table = OpCases.All().ToDictionary(c => c.Name);

    public static TheoryData<string> Names => [.. Table.Values.Where(c => c.Differentiable).Select(c => c.Name)];

    /// <summary>The objective is a sum of the result with these weights.</summary>
    internal static float Weight(int i) => MathF.Sin(1 + i * 0.7f);

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_agree_with_finite_differences(string name)
    {
        OpCase c = Table[name];
        var ops = new ReferenceOps();
        List<(string What, float[] Values)> all = OpTableTests.Evaluate(c, ops);
        double result = Math.Sqrt(all[0].Values.Select((y, i) => Math.Pow((double)y * Weight(i), 2)).Sum());
        Tensor[] operands = [.. c.Inputs, .. c.Parameters.Select(p => p.Data)];
        for (int operand = 0; operand < operands.Length; operand++)
        {
            (string what, float[] gradient) = all[operand + 1];
            if (operand >= c.Inputs.Count && !c.Parameters[operand - c.Inputs.Count].Trainable)
            {
                Assert.All(gradient, g => Assert.Equal(0, g)); // frozen
                continue;
            }

            bool[] moves = [.. Enumerable.Range(0, gradient.Length).Select(i => Moves(c, operand, i))];
            double length = Math.Sqrt(gradient.Where((_, i) => moves[i]).Sum(g => (double)g * g));
            double along = 0;
            foreach (double[] direction in Directions(gradient, moves, operand))
            {
                double analytic = gradient.Select((g, i) => g * direction[i]).Sum();
                along = Math.Max(along, analytic);
                double numeric = Quotient(c, ops, operands[operand], direction);
                double allowed = Relative * length + Rounding * result / Step;
                Assert.True(Math.Abs(numeric - analytic) <= allowed,
                    $"{name}: the slope along a direction of {what} is {analytic}, the difference quotient is {numeric}; {allowed} allowed.");
            }

            Assert.True(length == 0 || Relative * length + Rounding * result / Step < 0.05 * along, $"{name}: 5 % of {what} would pass.");
        }
    }

    /// <summary>Along the gradient itself, and two random ones; the mean square of a move is 1.</summary>
    private static IEnumerable<double[]> Directions(float[] gradient, bool[] moves, int seed)
    {
        double length = Math.Sqrt(gradient.Where((_, i) => moves[i]).Sum(g => (double)g * g));
        double scale = length == 0 ? 0 : Math.Sqrt(moves.Count(m => m)) / length;
        yield return [.. gradient.Select((g, i) => moves[i] ? Math.Clamp(g * scale, -10, 10) : 0)];
        var random = new Random(seed + 11);
        for (int n = 0; n < 2; n++)
            yield return [.. moves.Select(m => m ? Math.Sqrt(3) * (2 * random.NextDouble() - 1) : 0)];
    }

    private static double Quotient(OpCase c, IOps ops, Tensor operand, double[] direction)
    {
        float[] before = operand.Span.ToArray();
        double Objective(double step)
        {
            for (int i = 0; i < before.Length; i++)
                operand.Span[i] = (float)(before[i] + step * direction[i]);
            using Tensor y = c.Run(ops);
            double sum = 0;
            for (int i = 0; i < y.Length; i++)
                sum += y.Span[i] * (double)Weight(i);
            return sum;
        }

        double wide = (Objective(2 * Step) - Objective(-2 * Step)) / (4 * Step);
        double narrow = (Objective(Step) - Objective(-Step)) / (2 * Step);
        before.CopyTo(operand.Span);
        return (4 * narrow - wide) / 3; // without the error of the second order
    }

    /// <summary>Fillers of panels stay 0; ReLU has no derivative at 0, and the choice of experts jumps where two are alike.</summary>
    private static bool Moves(OpCase c, int operand, int index)
    {
        const double Widest = 2 * Step * 10;
        if (operand >= c.Inputs.Count)
        {
            Parameter p = c.Parameters[operand - c.Inputs.Count];
            return p.Layout != ParameterLayout.Panels
                || index / (p.Columns * Parameter.PanelRows) * Parameter.PanelRows + index % Parameter.PanelRows < p.Rows;
        }

        Tensor input = c.Inputs[operand];
        if (c.Name.Contains("Relu") && operand == 0)
            return Math.Abs(input.Span[index]) > Widest;
        if (!c.Name.StartsWith("experts") || operand != 1)
            return true;
        float[] row = [.. input.Row(index / input.Columns).ToArray().OrderDescending()];
        return row[1] - row[2] > 2 * Widest; // two experts a row
    }
}
