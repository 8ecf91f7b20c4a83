namespace Seriatim.Tensors.Tests;

/// <summary>
/// The ops that all implementations share (look-ups, gathering, experts) against formulas written here, so that the table does not
/// compare them with themselves. Their gradients are compared with difference quotients of these in <see cref="GradientTests"/>.
/// </summary>
public sealed class PlainOpsTests
{
    private static readonly IDifferentiableOps[] Implementations = [new ReferenceOps(), CpuOps.Create(2)];

    [Theory]
    [InlineData(ParameterLayout.RowMajor)]
    [InlineData(ParameterLayout.Panels)]
    public void Embed_looks_rows_up_and_adds_gradients_there(ParameterLayout layout)
    {
        const int Count = 37, Width = 19;
        int[] ids = [3, 0, 36, 3, 12, 3];
        foreach (IDifferentiableOps ops in Implementations)
        {
            using var table = new Parameter("wte", Count, Width, layout);
            for (int id = 0; id < Count; id++)
                table.WriteRow(id, [.. Enumerable.Range(0, Width).Select(i => id * 100f + i)]);
            var weight = new EmbeddingWeight(table, frozenId: 12);
            using Tensor y = ops.Embed(weight, ids);
            for (int n = 0; n < ids.Length; n++)
                Assert.Equal(Enumerable.Range(0, Width).Select(i => ids[n] * 100f + i), y.Row(n).ToArray());

            using Tensor dy = Numbers(ids.Length, Width);
            ops.EmbedBackward(weight, ids, dy);
            float[] gradient = new float[Width];
            for (int id = 0; id < Count; id++)
            {
                table.ReadGradientRow(id, gradient);
                for (int i = 0; i < Width; i++)
                {
                    float sum = 0;
                    for (int n = 0; n < ids.Length; n++)
                        sum += ids[n] == id && id != 12 ? dy.Span[n * Width + i] : 0;
                    Assert.Equal(sum, gradient[i]);
                }
            }
        }
    }

    [Fact]
    public void GatherRows_copies_rows_and_adds_gradients_there()
    {
        int[] rows = [4, 4, 0, 2];
        using Tensor x = Numbers(5, 31), dy = Numbers(4, 31);
        foreach (IDifferentiableOps ops in Implementations)
        {
            using Tensor y = ops.GatherRows(x, rows);
            using Tensor dx = ops.GatherRowsBackward(rows, 5, dy);
            for (int i = 0; i < 31; i++)
            {
                for (int r = 0; r < rows.Length; r++)
                    Assert.Equal(x.Span[rows[r] * 31 + i], y.Span[r * 31 + i]);
                for (int n = 0; n < 5; n++)
                    Assert.Equal(Enumerable.Range(0, 4).Where(r => rows[r] == n).Sum(r => dy.Span[r * 31 + i]), dx.Span[n * 31 + i]);
            }
        }
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(5, true)]
    [InlineData(5, false)]
    public void Experts_are_the_weighted_sum_of_the_best(int perToken, bool renormalise)
    {
        const int Rows = 9, Experts = 5, Inputs = 20, Outputs = 12;
        var c = new OpCase("experts", (_, _) => throw new InvalidOperationException());
        c.Input(Rows, Inputs).Input(Rows, Experts);
        (Tensor x, Tensor logits) = (c.Inputs[0], c.Inputs[1]);
        logits.Row(2).Fill(0.25f); // all alike: the smaller numbers win
        logits.Row(3)[4] = logits.Row(3)[0] = 2;
        LinearWeight[] weights = [.. Enumerable.Range(0, Experts).Select(_ => c.Linear(Outputs, Inputs, true))];
        foreach (IDifferentiableOps ops in Implementations)
        {
            using ExpertRouting routing = ops.RouteExperts(logits, perToken, renormalise);
            using Tensor pairs = ops.DispatchToExperts(x, routing);
            using Tensor results = ops.LinearExperts(pairs, weights, routing);
            using Tensor y = ops.CombineExperts(results, routing);
            for (int n = 0; n < Rows; n++)
            {
                double[] expected = Row(x.Row(n), logits.Row(n), weights, perToken, renormalise);
                for (int o = 0; o < Outputs; o++)
                    Assert.True(Math.Abs(expected[o] - y.Row(n)[o]) <= 3e-6, $"row {n}, output {o}: {y.Row(n)[o]} instead of {expected[o]}");
            }
        }
    }

    /// <summary>One row: softmax over all experts, the best by weight and then by number, their weighted sum.</summary>
    private static double[] Row(ReadOnlySpan<float> x, ReadOnlySpan<float> logits, LinearWeight[] experts, int perToken, bool renormalise)
    {
        double[] p = [.. logits.ToArray().Select(z => Math.Exp(z))];
        double sum = p.Sum();
        int[] best = [.. Enumerable.Range(0, p.Length).OrderByDescending(e => p[e]).ThenBy(e => e).Take(perToken)];
        double chosen = renormalise ? best.Sum(e => p[e]) : sum;
        double[] y = new double[experts[0].Outputs];
        float[] row = new float[x.Length];
        foreach (int e in best)
        {
            for (int o = 0; o < y.Length; o++)
            {
                experts[e].ReadRow(o, row);
                double dot = experts[e].Bias!.Data.Span[o];
                for (int i = 0; i < row.Length; i++)
                    dot += (double)row[i] * x[i];
                y[o] += p[e] / chosen * dot;
            }
        }

        return y;
    }

    private static Tensor Numbers(int rows, int columns)
    {
        Tensor tensor = Tensor.Create(rows, columns);
        for (int i = 0; i < tensor.Length; i++)
            tensor.Span[i] = (i * 37 % 101 - 50) / 64f; // sums of a few are exact
        return tensor;
    }
}
