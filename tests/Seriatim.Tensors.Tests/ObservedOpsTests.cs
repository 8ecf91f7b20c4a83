namespace Seriatim.Tensors.Tests;

/// <summary>Every call is told, under its name and its part, and the results are those of the inner ops.</summary>
public sealed class ObservedOpsTests
{
    private static readonly AttentionSpec Spec = AttentionCases.Spec(2, 2, 8);

    [Fact]
    public void Every_part_of_a_block_is_told_and_results_stay()
    {
        using IDifferentiableOps plain = CpuOps.Create(1);
        var times = new OpTimes();
        var observed = new ObservedOps(plain, times);
        using Tensor expected = Block(plain);
        Assert.Equal(TimeSpan.Zero, times.Of(OpPart.Attention));
        using Tensor actual = Block(observed);
        Assert.Equal(expected.ToArray(), actual.ToArray());
        foreach (OpPart part in Enum.GetValues<OpPart>())
            Assert.True(times.Of(part) > TimeSpan.Zero, $"{part} took no time.");
        Assert.Equal(["Activate", "Add", "Attention", "Embed", "Linear", "LinearMany", "Norm"], times.Milliseconds(1).Keys.Order());
        times.Clear();
        Assert.Empty(times.Milliseconds(1));
        Assert.Equal(TimeSpan.Zero, times.Of(OpPart.Norms));
    }

    [Fact]
    public void A_linear_layer_counts_where_its_weight_says()
    {
        var calls = new List<(string Name, OpPart Part)>();
        using IDifferentiableOps plain = CpuOps.Create(1);
        var observed = new ObservedOps(plain, new Listener(calls));
        using var tape = new Tape(observed);
        using Tensor x = Tensor.Zeros(4, 16);
        tape.Watch(x);
        using Tensor y = tape.Linear(x, Weight("up", OpPart.FeedForward));
        tape.Backward(y);
        Assert.Equal([("Linear", OpPart.FeedForward), ("LinearBackward", OpPart.FeedForward)], calls);
    }

    private sealed class Listener(List<(string, OpPart)> calls) : IOpObserver
    {
        public void Called(string name, OpPart part, long ticks) => calls.Add((name, part));
    }

    private static Tensor Block(IOps ops)
    {
        using var table = new Parameter("wte", 10, 16);
        table.Data.Span.Fill(0.25f);
        using Tensor x = ops.Embed(new EmbeddingWeight(table), new[] { 1, 2, 3, 4 });
        using var norm = new Parameter("norm", 1, 16);
        norm.Data.Span.Fill(1);
        using Tensor normed = ops.Norm(x, new NormWeight(NormKind.Rms, norm, null, 1e-5f));
        (Tensor q, Tensor k, Tensor v) = ops.LinearMany(normed, Weight("q", OpPart.Attention), Weight("k", OpPart.Attention), Weight("v", OpPart.Attention));
        using (q)
        using (k)
        using (v)
        {
            using Tensor mixed = ops.Attention(q, k, v, AttentionCases.Rows([(4, 4, Visibility.Causal)]), 0, Spec);
            using Tensor o = ops.Linear(mixed, Weight("o", OpPart.Attention));
            using Tensor h = ops.Add(x, o);
            using Tensor up = ops.Linear(h, Weight("up", OpPart.FeedForward));
            using Tensor active = ops.Activate(up, Activation.Silu);
            using Tensor down = ops.Linear(active, Weight("down", OpPart.FeedForward));
            return ops.Linear(down, Weight("head", OpPart.Projection));
        }
    }

    private static LinearWeight Weight(string name, OpPart part)
    {
        var parameter = new Parameter(name, 16, 16, ParameterLayout.Panels);
        parameter.Data.Span.Fill(0.125f);
        LinearWeight weight = LinearWeight.FromPanels(parameter);
        weight.Part = part;
        return weight;
    }
}
