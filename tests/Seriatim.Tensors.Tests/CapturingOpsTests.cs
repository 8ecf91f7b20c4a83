namespace Seriatim.Tensors.Tests;

/// <summary>Every op says what it works on, and is not changed by who looks on.</summary>
public sealed class CapturingOpsTests
{
    private static readonly Dictionary<string, OpCase> Table = OpCases.All().ToDictionary(c => c.Name);

    public static TheoryData<string> Names => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_op_that_is_watched_has_the_same_bits_and_reads_nothing(string name)
    {
        OpCase plain = OpCases.All().Single(c => c.Name == name), watched = OpCases.All().Single(c => c.Name == name);
        using IDifferentiableOps ops = CpuOps.Create(2);
        var witness = new CallNames();
        var capturing = new CapturingOps(ops, witness);
        using Tensor expected = plain.Run(ops), actual = watched.Run(capturing);
        Assert.Equal(expected.ToArray(), actual.ToArray());
        Assert.NotEmpty(witness.Seen);
        Assert.All(witness.Seen,
            call => Assert.True(call.Operands + call.Weights > 0, $"{call.Name} shows nothing it works on."));
        Assert.Equal(0, capturing.BytesRead);
    }

    /// <summary>Who throws leaves no result alive, and the next call is shown as if nothing had been.</summary>
    [Fact]
    public void A_witness_that_throws_costs_the_call_and_no_more()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        var witness = new CallNames { Throws = true };
        var capturing = new CapturingOps(ops, witness);
        using Tensor a = Tensor.From([1, 2], 1, 2), b = Tensor.From([3, 4], 1, 2);
        Assert.Throws<InvalidOperationException>(() => capturing.Add(a, b));
        witness.Throws = false;
        using Tensor sum = capturing.Add(a, b);
        Assert.Equal(("Add", 2, 0), Assert.Single(witness.Seen));
        Assert.Equal([6f], capturing.Read(sum, 0, 1, 1));
        Assert.Equal(4, capturing.BytesRead);
    }

    /// <summary>Attention sinks stand in the row, and a window leaves out what it does not see.</summary>
    [Theory]
    [InlineData(0, 0, 9)]
    [InlineData(4, 0, 4)]
    [InlineData(4, 2, 6)]
    public void A_row_of_weights_has_the_keys_that_are_seen(int window, int sinks, int seen)
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        AttentionRow? row = null;
        var capturing = new CapturingOps(ops, new CallNames { OnAttention = view => row = view.Row(8, 1) });
        float[] values = [.. Enumerable.Range(0, 9 * 8).Select(i => MathF.Sin(i))];
        using Tensor q = Tensor.From(values, 9, 8), k = Tensor.From(values, 9, 8), v = Tensor.From(values, 9, 8);
        var rows = new AttentionRows([new AttentionSegment(0, 9, 0, 9, 0, null, Visibility.Causal)], null);
        using Tensor y = capturing.Attention(q, k, v, rows, 0, new AttentionSpec(2, 2, 4, 0.5f, window, sinks));
        Assert.Equal(seen, row!.Keys.Length);
        Assert.Equal(1, row.Weights.Sum(), 1e-6);
        for (int i = 0; i < 4; i++)
        {
            double sum = row.Keys.Zip(row.Weights).Sum(pair => (double)pair.Second * v.Row(pair.First)[4 + i]);
            Assert.Equal(y.Row(8)[4 + i], sum, 1e-6);
        }
    }

    private sealed class CallNames : IOpWitness
    {
        public List<(string Name, int Operands, int Weights)> Seen { get; } = [];

        public bool Throws { get; set; }

        public Action<AttentionView>? OnAttention { get; init; }

        public void LayerBegins(Tensor x)
        {
        }

        public void Called(OpView call)
        {
            if (Throws)
                throw new InvalidOperationException("No.");
            Seen.Add((call.Name, call.Operands.Count, call.Weights.Count));
            if (call.Attention is { } attention)
                OnAttention?.Invoke(attention);
        }

        public void LayerEnds(Tensor y)
        {
        }
    }
}
