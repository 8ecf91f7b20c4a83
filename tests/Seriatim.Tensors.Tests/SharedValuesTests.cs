namespace Seriatim.Tensors.Tests;

/// <summary>
/// Keys that are their own values (latents): pages hold them once, and nothing else can be seen of that. Attention gives the bits
/// of pages that hold both, in every type, page size and lane width, however the sequence was cut.
/// </summary>
public sealed class SharedValuesTests
{
    private const int Rows = 90;

    private static readonly AttentionSpec Spec = AttentionCases.Spec(5, 1, 28) with { SharesValues = true };

    public static TheoryData<KeyValueType, LaneWidth> Cases
    {
        get
        {
            var data = new TheoryData<KeyValueType, LaneWidth>();
            foreach (KeyValueType type in Enum.GetValues<KeyValueType>())
            {
                foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
                    data.Add(type, width);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pages_of_keys_alone_give_the_same_bits(KeyValueType type, LaneWidth width)
    {
        using IDifferentiableOps ops = CpuOps.Create(2, width);
        (Tensor q, Tensor k) = Sequence();
        foreach (int pageSize in new[] { 1, 4, 16, 64 })
        {
            int[] pages = [.. Enumerable.Range(0, Rows / pageSize + 1).Reverse()];
            using var both = new KeyValuePool(1, 1, 28, pageSize, pages.Length, type);
            using Tensor expected = Step(ops, q, k, 0, Rows, both, pages, Spec with { SharesValues = false });
            if (type == KeyValueType.F32)
            {
                using Tensor plain = ops.Attention(q, k, k, AttentionCases.Rows([(Rows, Rows, Visibility.Causal)]), 0, Spec);
                OpTableTests.SameBits(plain.Span, expected.Span, $"no pages, page {pageSize}");
            }

            foreach (int chunk in new[] { 1, 23, Rows })
            {
                using KeyValuePool pool = Device.Cpu.NewPages(1, 1, 28, pageSize, pages.Length, type, sharesValues: true);
                for (int past = 0; past < Rows; past += chunk)
                {
                    int rows = Math.Min(chunk, Rows - past);
                    using Tensor y = Step(ops, q, k, past, rows, pool, pages, Spec);
                    OpTableTests.SameBits(expected.Span.Slice(past * q.Columns, rows * q.Columns), y.Span,
                        $"{type}, page {pageSize}, rows {past} to {past + rows}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_reference_reads_the_same_memory_and_copies_are_whole(KeyValueType type, LaneWidth width)
    {
        using IDifferentiableOps ops = CpuOps.Create(1, width);
        (Tensor q, Tensor k) = Sequence();
        using KeyValuePool pool = Device.Cpu.NewPages(1, 1, 28, 16, 14, type, sharesValues: true);
        int[] pages = [.. Enumerable.Range(0, 7)], moved = [.. pages.Select(page => page + 7)];
        using Tensor first = Step(ops, q, k, 0, Rows, pool, pages, Spec);
        for (int page = 0; page < 6; page++)
            pool.CopyPage(pages[page], moved[page]);
        for (int position = 96; position < Rows; position++)
            pool.CopyPosition(pages[position / 16], position % 16, moved[position / 16], position % 16);
        using Tensor again = Step(ops, q, k, Rows - 1, 1, pool, moved, Spec, store: false);
        OpTableTests.SameBits(first.Row(Rows - 1), again.Row(0), $"{type}, copied");
        using Tensor slow = Step(new ReferenceOps(), q, k, Rows - 1, 1, pool, moved, Spec, store: false);
        for (int i = 0; i < slow.Columns; i++)
            Assert.Equal(slow.Row(0)[i], again.Row(0)[i], 1e-5);
    }

    [Fact]
    public void They_take_half_of_the_memory()
    {
        foreach (KeyValueType type in Enum.GetValues<KeyValueType>())
        {
            Assert.Equal(KeyValuePool.BytesPerPosition(3, 1, 64, type),
                2 * KeyValuePool.BytesPerPosition(3, 1, 64, type, sharesValues: true));
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_by_name()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        (Tensor q, Tensor k) = Sequence();
        using var both = new KeyValuePool(1, 1, 28, 16, 7);
        using KeyValuePool one = Device.Cpu.NewPages(1, 1, 28, 16, 7, sharesValues: true);
        int[] pages = [.. Enumerable.Range(0, 7)];
        Assert.Contains("a pool without", Assert.Throws<ArgumentException>(() =>
            Step(ops, q, k, 0, 4, both, pages, Spec)).Message);
        Assert.Contains("a pool with values", Assert.Throws<ArgumentException>(() =>
            Step(ops, q, k, 0, 4, one, pages, Spec with { SharesValues = false })).Message);
        using Tensor other = Tensor.Zeros(k.Rows, k.Columns);
        Assert.Contains("one tensor for both", Assert.Throws<ArgumentException>(() => ops.Attention(
            q, k, other, AttentionCases.Rows([(Rows, Rows, Visibility.Causal)]), 0, Spec)).Message);
    }

    private static Tensor Step(IOps ops, Tensor q, Tensor k, int past, int rows, KeyValuePool pool, int[] pages,
        AttentionSpec spec, bool store = true)
    {
        using Tensor ownQ = Part(q, past, rows);
        using Tensor ownK = Part(k, past, rows);
        var segment = new AttentionSegment(0, rows, 0, store ? rows : 0, past, pages, Visibility.Causal);
        return ops.Attention(
            ownQ, store ? ownK : null, store ? ownK : null, new AttentionRows([segment], pool), 0, spec);
    }

    private static (Tensor Q, Tensor K) Sequence()
    {
        var c = new OpCase("sequence", (_, _) => throw new InvalidOperationException());
        c.Input(Rows, Spec.Heads * Spec.HeadDim).Input(Rows, Spec.HeadDim);
        return (c.Inputs[0], c.Inputs[1]);
    }

    private static Tensor Part(Tensor x, int first, int rows)
    {
        Tensor part = Tensor.Create(rows, x.Columns);
        x.Span.Slice(first * x.Columns, rows * x.Columns).CopyTo(part.Span);
        return part;
    }
}
