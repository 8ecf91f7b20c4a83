namespace Seriatim.Tensors.Tests;

/// <summary>Operands that do not fit: typed errors that name the operand and both numbers, from every implementation.</summary>
public sealed class OpErrorTests
{
    public static TheoryData<bool> Implementations => [true, false];

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Shapes_are_checked(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        using Tensor x = Tensor.Zeros(4, 64);
        LinearWeight weight = LinearWeight.FromPanels(new Parameter("blk.3.attn_q.weight", 32, 128, ParameterLayout.Panels));
        Names<ShapeMismatchException>(() => ops.Linear(x, weight), "blk.3.attn_q.weight", "[4, 64]", "128");
        Names<ShapeMismatchException>(() => ops.Add(x, Tensor.Zeros(4, 63)), "[4, 63]", "[4, 64]");
        Names<ShapeMismatchException>(() => ops.Norm(x, new NormWeight(NormKind.Rms, new Parameter("norm", 1, 48), null, 1e-5f)),
            "norm", "48", "[4, 64]");
        var wide = new Parameter("input_layernorm.weight", 2, 64);
        Names<ShapeMismatchException>(() => ops.Norm(x, new NormWeight(NormKind.Rms, wide, null, 1e-5f)), "the factor",
            "input_layernorm.weight [2, 64]", "[1, 64]");
        var bias = new Parameter("input_layernorm.bias", 1, 32);
        Names<ShapeMismatchException>(() => ops.Norm(x, new NormWeight(NormKind.Layer, new Parameter("w", 1, 64), bias, 1e-5f)),
            "the bias", "input_layernorm.bias [1, 32]");
        Names<ArgumentOutOfRangeException>(() => ops.Embed(new EmbeddingWeight(new Parameter("wte", 10, 4)), new[] { 3, 10 }),
            "wte", "10", "9");
        Names<ArgumentOutOfRangeException>(() => ops.GatherRows(x, new[] { 4 }), "4", "0 to 3");
        LinearWeight head = LinearWeight.FromPanels(new Parameter("lm_head", 10, 64, ParameterLayout.Panels));
        Names<ArgumentOutOfRangeException>(() => ops.CrossEntropy(x, head, new[] { 0, 1, 2, 10 }, new CrossEntropyOptions()),
            "10", "0 to 9");
        Names<ShapeMismatchException>(() => ops.CrossEntropy(x, head, new[] { 0 }, new CrossEntropyOptions()), "1 long", "4");
        Names<ArgumentOutOfRangeException>(() =>
            ops.CrossEntropy(x, head, new[] { 0, 1, 2, 3 }, new CrossEntropyOptions(LabelSmoothing: 1.5f)), "1.5");
        Names<ArgumentOutOfRangeException>(() => ops.RouteExperts(x, 65, true), "65", "64");
        Names<ShapeMismatchException>(() => ops.Columns(x, 60, 5), "60 to 65", "64");
        Names<ShapeMismatchException>(() => ops.JoinColumns(x, Tensor.Zeros(3, 2)), "[3, 2]", "[4, 2]");
        using Tensor odd = Tensor.Zeros(4, 7);
        Names<ShapeMismatchException>(() => HashedCases.Couple(ops, odd, weight, weight), "[4, 7]", "even");
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Hashing_checks_its_rotations(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        using Tensor x = Tensor.Zeros(4, 64);
        HashRotations rotations = HashedCases.Rotations(2, 32, 1, 3);
        Names<ShapeMismatchException>(() => ops.HashBuckets(x, HashedCases.Rotations(3, 32, 1, 3), [new(0, 4, [2])]), "[4, 64]",
            "3 heads x 32");
        Names<ShapeMismatchException>(() => ops.HashBuckets(x, rotations, [new(2, 3, [2])]), "rows 2 to 5", "4");
        Names<ShapeMismatchException>(() => ops.HashBuckets(x, rotations, [new(0, 4, [3])]), "3", "even");
        Names<ShapeMismatchException>(() => ops.HashBuckets(x, rotations, [new(0, 4, [4, 4])]), "4", "1 to the 3");
        using Tensor logSumExp = Tensor.Zeros(4, 2);
        Names<ShapeMismatchException>(() => ops.JoinSoftmaxes([x, x], [logSumExp]), "1", "2, one for each part");
        Names<ShapeMismatchException>(() => ops.JoinSoftmaxes([x], [Tensor.Zeros(4, 3)]), "[4, 64]", "3 heads");
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Attention_checks_its_segments(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        using Tensor x = Tensor.Zeros(4, 16);
        AttentionSpec spec = AttentionCases.Spec(2, 2, 8);
        using var pool = new KeyValuePool(1, 2, 8, 4, 2);
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, AttentionCases.Rows([(3, 3, Visibility.Causal)]), 0, spec),
            "3", "4");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, AttentionCases.Rows([(4, 5, Visibility.Full)]), 0, spec),
            "0 to 5", "4");
        Names<ShapeMismatchException>(() =>
            ops.Attention(x, x, x, AttentionCases.Rows([(4, 4, Visibility.Causal)]), 0, AttentionCases.Spec(3, 3, 8)),
            "[4, 16]", "24");
        Names<ArgumentException>(() =>
            ops.Attention(x, x, x, new AttentionRows([new(0, 4, 0, 4, 2, null, Visibility.Causal)], null), 0, spec), "past of 2");
        Names<ShapeMismatchException>(() =>
            ops.Attention(x, x, x, new AttentionRows([new(0, 4, 0, 4, 1, [0], Visibility.Causal)], pool), 0, spec),
            "1 pages", "2");
        Names<ArgumentOutOfRangeException>(() =>
            ops.Attention(x, x, x, new AttentionRows([new(0, 4, 0, 4, 0, [2], Visibility.Causal)], pool), 0, spec),
            "page 2", "0 to 1");
        Names<ShapeMismatchException>(() =>
            ops.Attention(x, x, x, new AttentionRows([new(0, 4, 0, 4, 0, null, Visibility.Tree, [-1, 1, 0, 0])], null), 0, spec),
            "tree row 1");
        Names<ShapeMismatchException>(() =>
            ops.Attention(x, x, x, AttentionCases.Rows([(4, 4, Visibility.Causal)]), 0, spec with { Window = 3, Chunk = 2 }), "3",
            "chunks of 2");
        Names<ShapeMismatchException>(() =>
            ops.Attention(x, x, x, new AttentionRows([new(0, 4, 0, 4, 0, null, Visibility.Causal) { Window = 5 }], null), 0,
                spec with { Chunk = 2 }), "5", "chunks of 2");
        Names<InvalidOperationException>(() =>
            new Tape(ops).Attention(x, null, null, new AttentionRows([new(0, 4, 0, 0, 4, [0], Visibility.Causal)], pool), 0,
                spec), "tape");
    }

    [Fact]
    public void Pools_of_impossible_shapes_are_refused()
    {
        Names<ArgumentException>(() => new KeyValuePool(1, 1, 8, 20, 1), "20", "16");
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyValuePool(0, 1, 8, 16, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuOps.Create(-1));
    }

    private static void Names<TException>(Action action, params string[] parts)
        where TException : Exception
    {
        var failure = Assert.Throws<TException>(action);
        foreach (string part in parts)
            Assert.Contains(part, failure.Message);
    }

    private static void Names<TException>(Func<object> action, params string[] parts)
        where TException : Exception => Names<TException>(() => { action(); }, parts);
}
