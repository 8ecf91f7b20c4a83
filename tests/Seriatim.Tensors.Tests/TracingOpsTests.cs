namespace Seriatim.Tensors.Tests;

/// <summary>The time of an op is told by what is around it, and the results are those of the inner ops.</summary>
public sealed class TracingOpsTests
{
    private static readonly AttentionSpec Spec = AttentionCases.Spec(2, 2, 8);

    [Fact]
    public void Parts_are_told_by_their_neighbours_and_results_stay()
    {
        using IDifferentiableOps plain = CpuOps.Create(1);
        var traced = new TracingOps(plain);
        using Tensor expected = Block(plain);
        Assert.Equal(TimeSpan.Zero, traced.Read(TracedPart.Attention));
        using Tensor actual = Block(traced);
        Assert.Equal(expected.Span.ToArray(), actual.Span.ToArray());
        foreach (TracedPart part in Enum.GetValues<TracedPart>())
            Assert.True(traced.Read(part) > TimeSpan.Zero, $"{part} took no time.");
    }

    [Fact]
    public void A_linear_layer_counts_where_its_result_goes()
    {
        using IDifferentiableOps plain = CpuOps.Create(1);
        var traced = new TracingOps(plain);
        using Tensor x = Tensor.Zeros(4, 16);
        using Tensor up = traced.Linear(x, Weight("up"));
        Assert.True(traced.Read(TracedPart.Projection) > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, traced.Read(TracedPart.FeedForward));
        using Tensor active = traced.Activate(up, Activation.Silu);
        Assert.Equal(TimeSpan.Zero, traced.Read(TracedPart.Projection));
        TimeSpan before = traced.Read(TracedPart.FeedForward);
        Assert.True(before > TimeSpan.Zero);
        using Tensor down = traced.Linear(active, Weight("down"));
        Assert.True(traced.Read(TracedPart.FeedForward) > before);
        Assert.Equal(TimeSpan.Zero, traced.Read(TracedPart.Projection));
    }

    private static Tensor Block(IOps ops)
    {
        using var table = new Parameter("wte", 10, 16);
        table.Data.Span.Fill(0.25f);
        using Tensor x = ops.Embed(new EmbeddingWeight(table), new[] { 1, 2, 3, 4 });
        using var norm = new Parameter("norm", 1, 16);
        norm.Data.Span.Fill(1);
        using Tensor normed = ops.Norm(x, new NormWeight(NormKind.Rms, norm, null, 1e-5f));
        (Tensor q, Tensor k, Tensor v) = ops.LinearMany(normed, Weight("q"), Weight("k"), Weight("v"));
        using (q)
        using (k)
        using (v)
        {
            using Tensor mixed = ops.Attention(q, k, v, AttentionCases.Rows([(4, 4, Visibility.Causal)]), 0, Spec);
            using Tensor o = ops.Linear(mixed, Weight("o"));
            using Tensor h = ops.Add(x, o);
            using Tensor up = ops.Linear(h, Weight("up"));
            using Tensor active = ops.Activate(up, Activation.Silu);
            using Tensor down = ops.Linear(active, Weight("down"));
            return ops.Linear(down, Weight("head"));
        }
    }

    private static LinearWeight Weight(string name)
    {
        var parameter = new Parameter(name, 16, 16, ParameterLayout.Panels);
        parameter.Data.Span.Fill(0.125f);
        return LinearWeight.FromPanels(parameter);
    }
}
