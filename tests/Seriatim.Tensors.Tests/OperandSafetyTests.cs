namespace Seriatim.Tensors.Tests;

/// <summary>Operands that would make a kernel read or write where nothing is: refused by both implementations, with both numbers.</summary>
public sealed class OperandSafetyTests
{
    private static readonly AttentionSpec Spec = AttentionCases.Spec(2, 2, 8);

    public static TheoryData<bool> Implementations => [true, false];

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Attention_stays_within_its_pool(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        using Tensor x = Tensor.Zeros(4, 16);
        using var pool = new KeyValuePool(2, 2, 8, 16, 3);
        AttentionRows stored = Paged(pool, 0, 4, [0]);
        foreach (int layer in new[] { 2, 7, -1 })
            Names<ArgumentOutOfRangeException>(() => ops.Attention(x, x, x, stored, layer, Spec), $"layer {layer}", "0 to 1");
        Names<ArgumentException>(() => ops.Attention(x, x, null, stored, 0, Spec), "keys [4, 16] without values");
        Names<ArgumentException>(() => ops.Attention(x, null, x, stored, 0, Spec), "values [4, 16] without keys");
        Names<ArgumentException>(() => ops.Attention(x, x, null, AttentionCases.Rows([(4, 4, Visibility.Causal)]), 0, Spec), "without values");

        // Reads of pages that do not exist: the past is read, not written.
        foreach (int page in new[] { 3, 1000, int.MaxValue })
            Names<ArgumentOutOfRangeException>(() => ops.Attention(x, x, x, Paged(pool, 16, 4, [page, 1]), 0, Spec), $"page {page}", "0 to 2");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Paged(pool, -4, 4, [0]), 0, Spec), "-4", "at least 0");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Paged(pool, int.MaxValue, 4, [0]), 0, Spec), "1 pages", "134217729");
        Names<ShapeMismatchException>(() => ops.Attention(x, null, null, new AttentionRows([new(0, 4, 0, 0, 14, [0], Visibility.Causal)], pool), 0, Spec), "1 pages", "2");
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => ops.Attention(x, x, x, stored, 0, Spec));
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Small_pages_are_checked_as_well(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        using Tensor x = Tensor.Zeros(1, 16);
        using var pool = new KeyValuePool(1, 2, 8, 4, 3);
        Names<ArgumentOutOfRangeException>(() => ops.Attention(x, x, x, Paged(pool, 4, 1, [3, 1]), 0, Spec), "page 3", "0 to 2");
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Lengths_are_no_less_than_0_and_no_more_than_there_are(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        using Tensor x = Tensor.Zeros(4, 16);
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Plain(0, -4, 0, 4), 0, Spec), "rows 0 to -4");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Plain(0, 4, 0, -4), 0, Spec), "rows 0 to -4");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Plain(0, 4, int.MaxValue, 4), 0, Spec), $"{int.MaxValue}", "4 rows of k");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Plain(0, 4, -1, 4), 0, Spec), "rows -1 to 3");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Plain(0, 4, 0, 2), 0, Spec), "4", "at most its 2 keys");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Plain(0, 4, 0, 4), 0, new AttentionSpec(-2, 2, -8, 1)), "-2");
        Names<ShapeMismatchException>(() => ops.Attention(x, x, x, Plain(0, 4, 0, 4), 0, new AttentionSpec(2, 2, 0, 1)), "at least 1");
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Biases_have_a_number_for_every_head_and_distance(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        using Tensor x = Tensor.Zeros(4, 16);
        Tensor Run(AttentionBias bias) => ops.Attention(x, x, x, Plain(0, 4, 0, 4), 0, Spec with { Bias = bias });
        Names<ShapeMismatchException>(() => Run(new AttentionBias.Alibi([0.5f])), "1 long", "2");
        Names<ShapeMismatchException>(() => Run(new AttentionBias.Relative(new Parameter("bias", 1, 2), false, 128)), "[1, 2]", "at least 2");
        Names<ShapeMismatchException>(() => Run(new AttentionBias.Relative(new Parameter("bias", 3, 2), true, 128)), "[3, 2]", "at least 4");
        Names<ShapeMismatchException>(() => Run(new AttentionBias.Relative(new Parameter("bias", 8, 3), true, 128)), "[8, 3]", "at least 4, 2");
        Names<ShapeMismatchException>(() => Run(new AttentionBias.Relative(new Parameter("bias", 8, 2), true, 2)), "more than 2");
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Experts_have_one_shape(bool reference)
    {
        using IDifferentiableOps ops = reference ? new ReferenceOps() : CpuOps.Create(1);
        var c = new OpCase("experts", (_, _) => throw new InvalidOperationException());
        c.Input(6, 3).Input(6, 8);
        using ExpertRouting routing = ops.RouteExperts(c.Inputs[0], 3, true);
        using Tensor pairs = ops.DispatchToExperts(c.Inputs[1], routing);
        LinearWeight[] equal = [c.Linear(8, 8, false), c.Linear(8, 8, false), c.Linear(8, 8, false)];
        Names<ShapeMismatchException>(() => ops.LinearExperts(pairs, [equal[0], c.Linear(40, 8, false), equal[2]], routing), "[40, 8]", "[8, 8]");
        Names<ShapeMismatchException>(() => ops.LinearExperts(pairs, equal[..2], routing), "2", "3");
        using Tensor dy = Tensor.Zeros(pairs.Rows - 1, 8);
        Names<ShapeMismatchException>(() => ops.LinearExpertsBackward(pairs, equal, routing, dy), "[17, 8]", "[18, 8]");
    }

    private static AttentionRows Paged(KeyValuePool pool, int past, int rows, int[] pages) =>
        new([new AttentionSegment(0, rows, 0, rows, past, pages, Visibility.Causal)], pool);

    private static AttentionRows Plain(int queryRow, int queries, int keyRow, int keys) =>
        new([new AttentionSegment(queryRow, queries, keyRow, keys, 0, null, Visibility.Causal)], null);

    private static void Names<TException>(Func<object> action, params string[] parts)
        where TException : Exception
    {
        string message = Assert.Throws<TException>(() => { action(); }).Message;
        foreach (string part in parts)
            Assert.Contains(part, message);
    }
}
