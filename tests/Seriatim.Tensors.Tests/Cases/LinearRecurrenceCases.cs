namespace Seriatim.Tensors.Tests;

/// <summary>
/// Linear recurrences: constant factors and those of rows, heads that share keys, all tiles and what they leave over.
/// </summary>
public static class LinearRecurrenceCases
{
    public static IEnumerable<OpCase> All()
    {
        (int Heads, int Groups, int Keys, int Values, int[] Segments)[] shapes =
        [
            (1, 1, 1, 1, [1]), (2, 2, 8, 32, [5, 1, 9]), (3, 1, 13, 17, [3, 20]), (4, 2, 6, 10, [7, 2]), (2, 1, 21, 70, [9, 66]),
            (1, 1, 16, 96, [150]), (6, 2, 4, 16, [4, 1]),
        ];
        foreach ((int heads, int groups, int keys, int values, int[] segments) in shapes)
        {
            int rows = segments.Sum();
            string name = $"{heads} heads of {groups} groups, {keys} x {values}, {string.Join(" + ", segments)} rows";
            yield return new OpCase($"linear recurrence, {name}", (c, ops) => ops.LinearRecurrence(c.Inputs[0], c.Inputs[1],
                c.Inputs[2], LinearDecay.Constant(Factors(heads)), groups, RecurrenceCases.Whole(segments), 0))
            { Tolerance = 1e-5f }.Input(rows, groups * keys).Input(rows, groups * keys).Input(rows, heads * values);
            yield return new OpCase($"linear recurrence by rows, {name}", (c, ops) =>
            {
                using Tensor logs = Fall(ops, c.Inputs[3]);
                return ops.LinearRecurrence(c.Inputs[0], c.Inputs[1], c.Inputs[2], LinearDecay.OfRows(logs), groups,
                    RecurrenceCases.Whole(segments), 0);
            })
            { Tolerance = 2e-5f }.Input(rows, groups * keys).Input(rows, groups * keys).Input(rows, heads * values)
                .Input(rows, heads);
        }

        foreach ((string name, RecurrenceRows stored) in RecurrenceCases.Stored(2 * 9 * 37))
        {
            int rows = stored.Segments.Sum(s => s.Rows);
            yield return new OpCase($"linear recurrence, {name}", (c, ops) => ops.LinearRecurrence(c.Inputs[0], c.Inputs[1],
                c.Inputs[2], LinearDecay.Constant(Factors(2)), 1, stored, 1))
            { Tolerance = 1e-5f, Differentiable = false }.Input(rows, 9).Input(rows, 9).Input(rows, 2 * 37);
        }
    }

    /// <summary>What surrounds the recurrence in Mamba-2: steps with and without limits that hold, and skips.</summary>
    public static IEnumerable<OpCase> Surroundings()
    {
        foreach ((int rows, int heads, int width) in new[] { (1, 1, 1), (5, 3, 7), (9, 20, 16), (40, 70, 37) })
        {
            foreach ((float low, float high) in new[] { (0f, float.PositiveInfinity), (0.4f, 1.1f) })
            {
                // Among many steps some lie so near to a limit that a difference quotient meets the kink.
                if (low > 0 && rows * heads > 500)
                    continue;
                Parameter? bias = null, rates = null;
                var c = new OpCase($"selective steps {rows}, {heads} x {width} from {low} to {high}", (c, ops) =>
                {
                    (Tensor values, Tensor logs) = ops.SelectiveSteps(c.Inputs[0], c.Inputs[1], bias!, rates!, low, high);
                    using (values)
                    using (logs)
                        return ops.LinearRecurrence(c.Inputs[2], c.Inputs[3], values, LinearDecay.OfRows(logs), 1,
                            RecurrenceCases.Whole([rows]), 0);
                })
                { Tolerance = 2e-5f }.Input(rows, heads * width).Input(rows, heads).Input(rows, 3).Input(rows, 3);
                bias = c.Parameter(1, heads);
                rates = c.Parameter(1, heads);
                yield return c;
            }

            Parameter? skip = null;
            var added = new OpCase($"add scaled {rows}, {heads} x {width}", (c, ops) =>
                ops.AddScaled(c.Inputs[0], c.Inputs[1], skip!))
            { Tolerance = 1e-5f }.Input(rows, heads * width).Input(rows, heads * width);
            skip = added.Parameter(1, heads);
            yield return added;
        }
    }

    /// <summary>The factors of retention: 1 - 2^(-5-h) is near 1, so some are smaller.</summary>
    public static float[] Factors(int heads) => [.. Enumerable.Range(0, heads).Select(h => 1 - MathF.Pow(2, -h - 1))];

    /// <summary>Logarithms below zero.</summary>
    private static Tensor Fall(IOps ops, Tensor x)
    {
        using Tensor gate = ops.Activate(x, Activation.Sigmoid);
        return ops.Scale(gate, -1.3f);
    }
}
