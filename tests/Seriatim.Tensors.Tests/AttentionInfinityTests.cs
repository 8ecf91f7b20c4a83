namespace Seriatim.Tensors.Tests;

/// <summary>Values that are not finite reach the rows that see them and no others, however a prompt was cut and wherever it is stored.</summary>
public sealed class AttentionInfinityTests
{
    private const int Rows = 150;

    private static readonly (string Name, AttentionSpec Spec)[] Specs =
    [
        ("plain", AttentionCases.Spec(4, 2, 12)),
        ("one group of 9", AttentionCases.Spec(9, 1, 16)),
        ("window and sinks", AttentionCases.Spec(2, 2, 64) with { Window = 21, Sinks = 5 }),
        ("wide", AttentionCases.Spec(2, 1, 80)),
    ];

    public static TheoryData<int, LaneWidth, KeyValueType> Cases
    {
        get
        {
            var data = new TheoryData<int, LaneWidth, KeyValueType>();
            for (int spec = 0; spec < Specs.Length; spec++)
            {
                foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
                {
                    foreach (KeyValueType type in Enum.GetValues<KeyValueType>())
                        data.Add(spec, width, type);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void How_a_prompt_was_cut_does_not_show(int specIndex, LaneWidth width, KeyValueType type)
    {
        (string name, AttentionSpec spec) = Specs[specIndex];
        using IDifferentiableOps ops = CpuOps.Create(2, width);
        foreach ((int row, float value) in new[] { (3, float.NaN), (70, float.PositiveInfinity), (149, 1e38f * 10), (77, float.NegativeInfinity) })
        {
            (Tensor q, Tensor k, Tensor v) = Sequence(spec);
            float[][] clean = Run(ops, q, k, v, spec, 4, Rows, type);
            v.Row(row).Fill(value);
            float[][]? expected = null;
            foreach (int chunk in new[] { 1, 7, 64, Rows })
            {
                foreach (int page in new[] { 4, 16, 64 })
                {
                    float[][] actual = Run(ops, q, k, v, spec, page, chunk, type);
                    expected ??= actual;
                    for (int i = 0; i < Rows; i++)
                    {
                        string what = $"{name}, {type}, {value} in row {row}, chunk {chunk}, page {page}, row {i}";
                        OpTableTests.SameBits(expected[i].Select(Quiet).ToArray(), actual[i].Select(Quiet).ToArray(), what);
                        if (Sees(spec, i, row))
                            Assert.False(float.IsFinite(actual[i][0]), what);
                        else
                            OpTableTests.SameBits(clean[i], actual[i], what);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(LaneWidth.Bits128)]
    [InlineData(LaneWidth.Bits256)]
    [InlineData(LaneWidth.Bits512)]
    public void Nor_does_it_without_pages(LaneWidth width)
    {
        foreach ((string name, AttentionSpec spec) in Specs)
        {
            using IDifferentiableOps ops = CpuOps.Create(2, width);
            (Tensor q, Tensor k, Tensor v) = Sequence(spec);
            using Tensor clean = ops.Attention(q, k, v, AttentionCases.Rows([(Rows, Rows, Visibility.Causal)]), 0, spec);
            v.Row(66).Fill(float.PositiveInfinity);
            using Tensor actual = ops.Attention(q, k, v, AttentionCases.Rows([(Rows, Rows, Visibility.Causal)]), 0, spec);
            for (int i = 0; i < Rows; i++)
            {
                if (Sees(spec, i, 66))
                    Assert.False(float.IsFinite(actual.Row(i)[0]), $"{name}, row {i}");
                else
                    OpTableTests.SameBits(clean.Row(i), actual.Row(i), $"{name}, row {i}");
            }
        }
    }

    /// <summary>
    /// The same for gradients: what is not finite in a key, value, query or incoming gradient reaches the queries that see it and the keys that
    /// those see, and no others.
    /// </summary>
    [Theory]
    [InlineData(LaneWidth.Bits128)]
    [InlineData(LaneWidth.Bits256)]
    [InlineData(LaneWidth.Bits512)]
    public void Gradients_reach_what_they_may_and_nothing_else(LaneWidth width)
    {
        using IDifferentiableOps ops = CpuOps.Create(2, width);
        (string, AttentionSpec)[] specs = [.. Specs, ("soft cap", AttentionCases.Spec(4, 2, 12) with { SoftCap = 3, Window = 40 })];
        foreach ((string name, AttentionSpec spec) in specs)
        {
            float[][] clean = Gradients(ops, spec, -1, 0, 0);
            foreach ((int operand, int row, float value) in new[]
            {
                (0, 66, float.PositiveInfinity), (1, 66, float.PositiveInfinity), (2, 66, float.NaN), (3, 66, float.NegativeInfinity), (2, 149, 1e38f * 10),
                (3, 3, float.NaN), (0, 149, float.NaN), (1, 140, float.NaN),
            })
            {
                float[][] actual = Gradients(ops, spec, operand, row, value);
                bool[] spoilt = [.. Enumerable.Range(0, Rows).Select(i => operand is 0 or 3 ? i == row : Sees(spec, i, row))];
                for (int i = 0; i < Rows; i++)
                {
                    string what = $"{name}, {value} in row {row} of operand {operand}, row {i}";
                    if (!spoilt[i])
                        OpTableTests.SameBits(RowOf(clean[0], i), RowOf(actual[0], i), $"{what} of dq");
                    if (Enumerable.Range(0, Rows).Any(query => spoilt[query] && Sees(spec, query, i)))
                        continue;
                    OpTableTests.SameBits(RowOf(clean[1], i), RowOf(actual[1], i), $"{what} of dk");
                    OpTableTests.SameBits(RowOf(clean[2], i), RowOf(actual[2], i), $"{what} of dv");
                }

                Assert.False(actual.All(gradient => gradient.All(float.IsFinite)), $"{name}: {value} in row {row} of operand {operand} is not to be seen.");
            }
        }
    }

    private static ReadOnlySpan<float> RowOf(float[] values, int row) => values.AsSpan(row * values.Length / Rows, values.Length / Rows);

    /// <summary>Gradients of q, k and v; operands are q, k, v and the gradient of the result.</summary>
    private static float[][] Gradients(IDifferentiableOps ops, AttentionSpec spec, int operand, int row, float value)
    {
        (Tensor q, Tensor k, Tensor v) = Sequence(spec);
        Tensor dy = Tensor.Create(Rows, spec.Heads * spec.HeadDim);
        for (int i = 0; i < dy.Length; i++)
            dy.Span[i] = GradientTests.Weight(i);
        if (operand >= 0)
            ((Tensor[])[q, k, v, dy])[operand].Row(row).Fill(value);
        using var tape = new Tape(ops);
        foreach (Tensor input in (Tensor[])[q, k, v])
            tape.Watch(input);
        using Tensor y = tape.Attention(q, k, v, AttentionCases.Rows([(Rows, Rows, Visibility.Causal)]), 0, spec);
        tape.Backward(y, dy);
        return [tape.GradientOf(q)!.ToArray(), tape.GradientOf(k)!.ToArray(), tape.GradientOf(v)!.ToArray()];
    }

    /// <summary>The sign of a NaN is no number's business: which operand it came from decides it.</summary>
    private static float Quiet(float value) => float.IsNaN(value) ? float.NaN : value;

    private static bool Sees(AttentionSpec spec, int row, int key) =>
        key <= row && (spec.Window == 0 || key < spec.Sinks || key > row - spec.Window);

    private static float[][] Run(IOps ops, Tensor q, Tensor k, Tensor v, AttentionSpec spec, int pageSize, int chunk, KeyValueType type)
    {
        using var pool = new KeyValuePool(1, spec.KeyValueHeads, spec.HeadDim, pageSize, Rows / pageSize + 1, type);
        int[] pages = [.. Enumerable.Range(0, pool.Pages).Reverse()];
        var results = new List<float[]>();
        for (int past = 0; past < Rows; past += chunk)
        {
            int rows = Math.Min(chunk, Rows - past);
            using Tensor ownQ = Part(q, past, rows);
            using Tensor ownK = Part(k, past, rows);
            using Tensor ownV = Part(v, past, rows);
            var segment = new AttentionSegment(0, rows, 0, rows, past, pages, Visibility.Causal);
            using Tensor y = ops.Attention(ownQ, ownK, ownV, new AttentionRows([segment], pool), 0, spec);
            for (int i = 0; i < rows; i++)
                results.Add(y.Row(i).ToArray());
        }

        return [.. results];
    }

    private static (Tensor Q, Tensor K, Tensor V) Sequence(AttentionSpec spec)
    {
        var c = new OpCase("sequence", (_, _) => throw new InvalidOperationException());
        c.Input(Rows, spec.Heads * spec.HeadDim).Input(Rows, spec.KeyValueHeads * spec.HeadDim).Input(Rows, spec.KeyValueHeads * spec.HeadDim);
        return (c.Inputs[0], c.Inputs[1], c.Inputs[2]);
    }

    private static Tensor Part(Tensor x, int first, int rows) =>
        Tensor.From(x.Span.Slice(first * x.Columns, rows * x.Columns), rows, x.Columns);
}
