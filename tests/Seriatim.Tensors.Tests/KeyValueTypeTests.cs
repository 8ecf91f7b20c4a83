namespace Seriatim.Tensors.Tests;

/// <summary>Keys and values in fewer bits: attention over pages equals plain attention over the rounded keys and values, to the bit.</summary>
public sealed class KeyValueTypeTests
{
    private const int Rows = 100;

    private static readonly (string Name, AttentionSpec Spec)[] Specs =
    [
        ("plain", AttentionCases.Spec(4, 2, 12)),
        ("one group", AttentionCases.Spec(3, 1, 80)),
        ("window and sinks", AttentionCases.Spec(2, 2, 64) with { Window = 21, Sinks = 5 }),
    ];

    public static TheoryData<KeyValueType, int, LaneWidth> Cases
    {
        get
        {
            var data = new TheoryData<KeyValueType, int, LaneWidth>();
            foreach (KeyValueType type in new[] { KeyValueType.F16, KeyValueType.Q8 })
            {
                for (int spec = 0; spec < Specs.Length; spec++)
                {
                    foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
                        data.Add(type, spec, width);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pages_hold_what_was_rounded(KeyValueType type, int specIndex, LaneWidth width)
    {
        (string name, AttentionSpec spec) = Specs[specIndex];
        using IDifferentiableOps ops = CpuOps.Create(2, width);
        (Tensor q, Tensor k, Tensor v) = Sequence(spec);
        using Tensor roundedK = Rounded(k, spec, type);
        using Tensor roundedV = Rounded(v, spec, type);
        using Tensor plain = ops.Attention(q, roundedK, roundedV, AttentionCases.Rows([(Rows, Rows, Visibility.Causal)]), 0, spec);
        foreach (int pageSize in new[] { 1, 4, 16, 64 })
        {
            foreach (int chunk in new[] { 1, 23, Rows })
            {
                using var pool = new KeyValuePool(2, spec.KeyValueHeads, spec.HeadDim, pageSize, Rows / pageSize + 1, type);
                int[] pages = [.. Enumerable.Range(0, pool.Pages).Reverse()];
                for (int past = 0; past < Rows; past += chunk)
                {
                    int rows = Math.Min(chunk, Rows - past);
                    using Tensor y = Step(ops, q, k, v, past, rows, pool, pages, spec);
                    OpTableTests.SameBits(plain.Span.Slice(past * q.Columns, rows * q.Columns), y.Span, $"{name}, {type}, page {pageSize}, rows {past} to {past + rows}");
                }
            }
        }
    }

    [Theory]
    [InlineData(KeyValueType.F16)]
    [InlineData(KeyValueType.Q8)]
    public void Positions_and_pages_are_copied_as_they_are(KeyValueType type)
    {
        AttentionSpec spec = Specs[0].Spec;
        using IDifferentiableOps ops = CpuOps.Create(1);
        (Tensor q, Tensor k, Tensor v) = Sequence(spec);
        foreach (int pageSize in new[] { 2, 16 })
        {
            using var pool = new KeyValuePool(2, spec.KeyValueHeads, spec.HeadDim, pageSize, 2 * Rows, type);
            int[] pages = [.. Enumerable.Range(0, Rows / pageSize + 1)];
            using Tensor first = Step(ops, q, k, v, 0, Rows, pool, pages, spec);

            // Moved to other pages and other slots of them, position by position or page by page.
            int[] moved = [.. pages.Select(page => page + pages.Length)];
            for (int position = 0; position < Rows; position++)
                pool.CopyPosition(pages[position / pageSize], position % pageSize, moved[(position + 1) / pageSize], (position + 1) % pageSize);
            pool.CopyPosition(pages[0], 0, moved[0], 0);
            for (int position = 1; position < Rows; position++)
                pool.CopyPosition(moved[(position + 1) / pageSize], (position + 1) % pageSize, moved[position / pageSize], position % pageSize);
            using Tensor again = Step(ops, q, k, v, Rows - 1, 1, pool, moved, spec, store: false);
            OpTableTests.SameBits(first.Row(Rows - 1), again.Row(0), $"{type}, moved");
            pool.CopyPage(moved[1], pages[0]);
            moved[1] = pages[0];
            using Tensor third = Step(ops, q, k, v, Rows - 1, 1, pool, moved, spec, store: false);
            OpTableTests.SameBits(first.Row(Rows - 1), third.Row(0), $"{type}, copied");
        }
    }

    [Theory]
    [InlineData(KeyValueType.F16)]
    [InlineData(KeyValueType.Q8)]
    public void The_reference_reads_and_writes_the_same_memory(KeyValueType type)
    {
        AttentionSpec spec = Specs[1].Spec;
        using IDifferentiableOps ops = CpuOps.Create(1);
        (Tensor q, Tensor k, Tensor v) = Sequence(spec);
        using var pool = new KeyValuePool(2, spec.KeyValueHeads, spec.HeadDim, 4, 30, type);
        int[] pages = [.. Enumerable.Range(0, 30)];
        Step(ops, q, k, v, 0, 60, pool, pages, spec).Dispose();
        using Tensor fast = Step(ops, q, k, v, 60, 40, pool, pages, spec);
        using Tensor slow = Step(new ReferenceOps(), q, k, v, 60, 40, pool, pages, spec);
        for (int i = 0; i < fast.Length; i++)
            Assert.True(Math.Abs(fast.Span[i] - slow.Span[i]) < 1e-5f, $"{fast.Span[i]} instead of {slow.Span[i]}.");
    }

    [Fact]
    public void Memory_is_half_and_a_good_quarter()
    {
        Assert.Equal(2 * 3 * 2 * 64 * 4, KeyValuePool.BytesPerPosition(2, 3, 64));
        Assert.Equal(2 * 3 * 2 * 64 * 2, KeyValuePool.BytesPerPosition(2, 3, 64, KeyValueType.F16));
        Assert.Equal(2 * 3 * 2 * (64 + 4), KeyValuePool.BytesPerPosition(2, 3, 64, KeyValueType.Q8));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyValuePool(1, 1, 8, 16, 1, (KeyValueType)7));
    }

    /// <summary>What is not a number, or too large, must show and not look like a small one.</summary>
    [Theory]
    [InlineData(KeyValueType.F16, float.NaN)]
    [InlineData(KeyValueType.Q8, float.NaN)]
    [InlineData(KeyValueType.F16, 1e30f)]
    [InlineData(KeyValueType.Q8, float.PositiveInfinity)]
    [InlineData(KeyValueType.Q8, 1e30f)]
    public void What_cannot_be_stored_shows(KeyValueType type, float value)
    {
        AttentionSpec spec = Specs[0].Spec;
        using IDifferentiableOps ops = CpuOps.Create(1);
        (Tensor q, Tensor k, Tensor v) = Sequence(spec);
        v.Row(3)[5] = value;
        using var pool = new KeyValuePool(2, spec.KeyValueHeads, spec.HeadDim, 16, 8, type);
        using Tensor y = Step(ops, q, k, v, 0, 20, pool, [.. Enumerable.Range(0, 8)], spec);
        Assert.False(float.IsFinite(y.Row(10)[5]));
    }

    private static Tensor Step(
        IOps ops, Tensor q, Tensor k, Tensor v, int past, int rows, KeyValuePool pool, int[] pages, AttentionSpec spec, bool store = true)
    {
        using Tensor ownQ = Part(q, past, rows);
        using Tensor ownK = Part(k, past, rows);
        using Tensor ownV = Part(v, past, rows);
        AttentionSegment segment = store
            ? new AttentionSegment(0, rows, 0, rows, past, pages, Visibility.Causal)
            : new AttentionSegment(0, rows, 0, 0, past, pages, Visibility.Causal);
        return ops.Attention(ownQ, store ? ownK : null, store ? ownV : null, new AttentionRows([segment], pool), 1, spec);
    }

    private static (Tensor Q, Tensor K, Tensor V) Sequence(AttentionSpec spec)
    {
        var c = new OpCase("sequence", (_, _) => throw new InvalidOperationException());
        c.Input(Rows, spec.Heads * spec.HeadDim).Input(Rows, spec.KeyValueHeads * spec.HeadDim).Input(Rows, spec.KeyValueHeads * spec.HeadDim);
        return (c.Inputs[^3], c.Inputs[^2], c.Inputs[^1]);
    }

    private static Tensor Part(Tensor x, int first, int rows)
    {
        Tensor part = Tensor.Create(rows, x.Columns);
        x.Span.Slice(first * x.Columns, rows * x.Columns).CopyTo(part.Span);
        return part;
    }

    /// <summary>The definition, written plainly: binary16, or blocks of 32 features of a head with a binary16 scale.</summary>
    private static Tensor Rounded(Tensor x, AttentionSpec spec, KeyValueType type)
    {
        Tensor result = Tensor.Create(x.Rows, x.Columns);
        for (int row = 0; row < x.Rows; row++)
        {
            for (int head = 0; head < spec.KeyValueHeads; head++)
            {
                for (int first = 0; first < spec.HeadDim; first += 32)
                {
                    int count = Math.Min(32, spec.HeadDim - first);
                    ReadOnlySpan<float> from = x.Row(row).Slice(head * spec.HeadDim + first, count);
                    Span<float> to = result.Row(row).Slice(head * spec.HeadDim + first, count);
                    float most = 0;
                    foreach (float value in from)
                        most = Math.Max(most, Math.Abs(value));
                    float scale = most / 127;
                    for (int i = 0; i < count; i++)
                    {
                        to[i] = type == KeyValueType.F16
                            ? (float)(Half)from[i]
                            : (float)Math.Round(from[i] * (1 / scale), MidpointRounding.AwayFromZero) * (float)(Half)scale;
                    }
                }
            }
        }

        return result;
    }
}
