namespace Seriatim.Tensors.Tests;

/// <summary>
/// Gated delta rules: heads that share keys, blocks of values and what they leave over, runs of rows between checkpoints.
/// </summary>
public static class DeltaRuleCases
{
    public static IEnumerable<OpCase> All()
    {
        (int Heads, int Groups, int Keys, int Values, int[] Segments)[] shapes =
        [
            (1, 1, 1, 1, [1]), (2, 2, 8, 32, [5, 1, 9]), (4, 2, 6, 10, [7, 2]), (6, 2, 5, 16, [4, 1]), (2, 1, 11, 37, [9, 70]),
        ];
        foreach ((int heads, int groups, int keys, int values, int[] segments) in shapes)
        {
            int rows = segments.Sum();
            yield return new OpCase(
                $"delta rule, {heads} heads of {groups} groups, {keys} x {values}, {string.Join(" + ", segments)} rows",
                (c, ops) =>
                {
                    using Tensor logs = Fall(ops, c.Inputs[3]);
                    using Tensor betas = ops.Activate(c.Inputs[4], Activation.Sigmoid);
                    return ops.DeltaRule(c.Inputs[0], c.Inputs[1], c.Inputs[2], logs, betas, groups,
                        RecurrenceCases.Whole(segments), 0);
                })
            { Tolerance = 3e-5f }.Input(rows, groups * keys, 1 / MathF.Sqrt(keys))
                .Input(rows, groups * keys, 1 / MathF.Sqrt(keys))
                .Input(rows, heads * values).Input(rows, heads).Input(rows, heads);
        }

        foreach ((string name, RecurrenceRows stored) in RecurrenceCases.Stored(2 * 9 * 37))
        {
            int rows = stored.Segments.Sum(s => s.Rows);
            yield return new OpCase($"delta rule, {name}", (c, ops) =>
            {
                using Tensor logs = Fall(ops, c.Inputs[3]);
                using Tensor betas = ops.Activate(c.Inputs[4], Activation.Sigmoid);
                return ops.DeltaRule(c.Inputs[0], c.Inputs[1], c.Inputs[2], logs, betas, 1, stored, 1);
            })
            { Tolerance = 1e-5f, Differentiable = false }.Input(rows, 9, 0.3f).Input(rows, 9, 0.3f).Input(rows, 2 * 37)
                .Input(rows, 2).Input(rows, 2);
        }
    }

    /// <summary>Logarithms below zero.</summary>
    private static Tensor Fall(IOps ops, Tensor x)
    {
        using Tensor gate = ops.Activate(x, Activation.Sigmoid);
        return ops.Scale(gate, -1.3f);
    }
}
