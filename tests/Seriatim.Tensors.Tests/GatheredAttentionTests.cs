namespace Seriatim.Tensors.Tests;

/// <summary>
/// Attention over gathered rows: that of ranges where lists say the same, joined parts, neighbours, memory, refusals.
/// </summary>
public sealed class GatheredAttentionTests
{
    public static TheoryData<LaneWidth> Widths => [.. Enum.GetValues<LaneWidth>()];

    /// <summary>Lists of positions in their order take the steps of attention by ranges: the same bits.</summary>
    [Theory]
    [MemberData(nameof(Widths))]
    public void Lists_in_order_give_the_bits_of_ranges(LaneWidth width)
    {
        using IDifferentiableOps ops = CpuOps.Create(2, width);
        (Tensor q, Tensor k, Tensor v) = Sequence(150, 24);
        int[] all = [.. Enumerable.Range(0, 150)];
        (string, AttentionSpec, Visibility, GatheredAttentionSpec, (int, int)[]?)[] kinds =
        [
            ("full", AttentionCases.Spec(2, 2, 12), Visibility.Full, GatheredCases.Spec(2, 12), null),
            ("causal", AttentionCases.Spec(2, 2, 12), Visibility.Causal, GatheredCases.Spec(2, 12) with { Causal = true }, null),
            ("window", AttentionCases.Spec(2, 2, 12) with { Window = 20 }, Visibility.Full, GatheredCases.Spec(2, 12),
                [.. all.Select(i => (Math.Max(0, i - 19), Math.Min(150, i + 20)))]),
        ];
        foreach ((string name, AttentionSpec spec, Visibility visibility, GatheredAttentionSpec gathered,
            (int, int)[]? ranges) in kinds)
        {
            using Tensor expected = ops.Attention(q, k, v, AttentionCases.Rows([(150, 150, visibility)]), 0, spec);
            (Tensor y, Tensor sums) = ops.GatheredAttention(
                q, k, v, new([new(0, 150, [new GatheredPiece(0, 2, all, all) { Ranges = ranges }])]), gathered);
            OpTableTests.SameBits(expected.Span, y.Span, name);
            y.Dispose();
            sums.Dispose();
        }
    }

    /// <summary>Two halves of the keys, joined by their sums, are the whole: what rounds of hashing do.</summary>
    [Fact]
    public void Parts_join_by_their_sums()
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        (Tensor q, Tensor k, Tensor v) = Sequence(20, 8);
        int[] all = [.. Enumerable.Range(0, 20)];
        (Tensor Y, Tensor Sums) Over(int[] keys) =>
            ops.GatheredAttention(q, k, v, new([new(0, 20, [new(0, 1, all, keys)])]), GatheredCases.Spec(1, 8));
        (Tensor whole, Tensor sums) = Over(all);
        (Tensor even, Tensor evenSums) = Over([.. all.Where(i => i % 2 == 0)]);
        (Tensor odd, Tensor oddSums) = Over([.. all.Where(i => i % 2 == 1)]);
        for (int row = 0; row < 20; row++)
        {
            double a = Math.Exp(evenSums.Row(row)[0] - sums.Row(row)[0]), b = Math.Exp(oddSums.Row(row)[0] - sums.Row(row)[0]);
            Assert.Equal(1, a + b, 1e-5);
            for (int i = 0; i < 8; i++)
                Assert.Equal(whole.Row(row)[i], a * even.Row(row)[i] + b * odd.Row(row)[i], 1e-5);
        }
    }

    [Fact]
    public void Neighbours_and_the_cut_of_pieces_do_not_show()
    {
        using IDifferentiableOps ops = CpuOps.Create(3);
        GatheredAttentionSpec spec = GatheredCases.Spec(2, 12);
        (Tensor q, Tensor k, Tensor v) = Sequence(99, 24);
        GatheredPiece[] Of(int n) => GatheredCases.Windows(n, 2, 5, 1, [0]);
        (Tensor together, Tensor sums) = ops.GatheredAttention(
            q, k, v, new([new(0, 3, Of(3)), new(3, 90, Of(90)), new(93, 6, Of(6))]), spec);
        using Tensor ownQ = Part(q), ownK = Part(k), ownV = Part(v);
        (Tensor alone, Tensor ownSums) = ops.GatheredAttention(ownQ, ownK, ownV, new([new(0, 90, Of(90))]), spec);
        OpTableTests.SameBits(alone.Span, together.Span.Slice(3 * 24, 90 * 24), "y");
        OpTableTests.SameBits(ownSums.Span, sums.Span.Slice(3 * 2, 90 * 2), "sums");

        // The same lists for fewer queries at a time.
        GatheredPiece whole = Of(90)[0];
        GatheredPiece[] cut = [.. new Range[] { ..7, 7..71, 71.. }
            .Select(part => whole with { Queries = whole.Queries[part], Ranges = whole.Ranges![part] })];
        (Tensor parts, Tensor _) = ops.GatheredAttention(ownQ, ownK, ownV, new([new(0, 90, cut)]), spec);
        OpTableTests.SameBits(alone.Span, parts.Span, "cut");
        static Tensor Part(Tensor x) => Tensor.From(x.Span.Slice(3 * 24, 90 * 24), 90, 24);
    }

    /// <summary>32,000 rows with all pairs would be 4 GB of scores, and 60 times the work.</summary>
    [Fact]
    public void Work_is_that_of_the_lists()
    {
        const int N = 32_000;
        using IDifferentiableOps ops = CpuOps.Create(2);
        (Tensor q, Tensor k, Tensor v) = Sequence(N, 4);
        int[] all = [.. Enumerable.Range(0, N)];
        GatheredRows rows = new([new(0, N, [new GatheredPiece(0, 1, all, [0, .. all[1..]])
        {
            Always = 1, Ranges = [.. all.Select(i => (Math.Max(1, i - 8), Math.Max(1, Math.Min(N, i + 9))))],
        }])]);
        using var tape = new Tape(ops);
        tape.Watch(q);
        tape.Watch(k);
        tape.Watch(v);
        (Tensor y, Tensor sums) = tape.GatheredAttention(q, k, v, rows, GatheredCases.Spec(1, 4));
        using Tensor seed = Tensor.From([.. Enumerable.Range(0, N * 4).Select(GradientTests.Weight)], N, 4);
        tape.Backward(y, seed);
        Assert.InRange(rows.Task!.Cost(4), 2L * N * 17 * 4, 2L * N * 18 * 4);
        Assert.InRange(rows.Task.Parts, N / 64, N / 64 + 1);
        Assert.All(tape.GradientOf(q)!.ToArray(), g => Assert.True(float.IsFinite(g)));
        y.Dispose();
        sums.Dispose();
    }

    [Fact]
    public void Wrong_lists_are_refused()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        GatheredAttentionSpec spec = GatheredCases.Spec(2, 4);
        (Tensor q, Tensor k, Tensor v) = Sequence(6, 8);
        void Refuses<T>(params GatheredPiece[] pieces)
            where T : Exception => Assert.ThrowsAny<T>(() => ops.GatheredAttention(q, k, v, new([new(0, 6, pieces)]), spec));
        Refuses<ArgumentOutOfRangeException>(new GatheredPiece(0, 2, [6], [0]));
        Refuses<ArgumentOutOfRangeException>(new GatheredPiece(0, 2, [0], [-1]));
        Refuses<ArgumentException>(new GatheredPiece(0, 2, [1, 1], [0]));
        Refuses<ArgumentException>(new GatheredPiece(0, 2, [1], [0]), new GatheredPiece(0, 2, [1], [2]));
        Refuses<ArgumentException>(new GatheredPiece(0, 2, [1], [0]), new GatheredPiece(1, 1, [2], [2]));
        Refuses<ShapeMismatchException>(new GatheredPiece(0, 3, [1], [0]));
        Refuses<ShapeMismatchException>(new GatheredPiece(2, 1, [1], [0]));
        Refuses<ShapeMismatchException>(new GatheredPiece(0, 2, [1], [0]) { Always = 2 });
        Refuses<ShapeMismatchException>(new GatheredPiece(0, 2, [1], [0]) { Ranges = [] });
        Refuses<ShapeMismatchException>(new GatheredPiece(0, 2, [1], [0]) { Ranges = [(0, 2)] });
        Refuses<ShapeMismatchException>(new GatheredPiece(0, 2, [1], [0]) { Ranges = [(1, 0)] });
        Assert.Throws<ShapeMismatchException>(() => ops.GatheredAttention(q, k, v, new([new(0, 5, [])]), spec));
        using Tensor narrow = Tensor.Zeros(6, 7);
        Assert.Throws<ShapeMismatchException>(() => ops.GatheredAttention(q, narrow, v, new([new(0, 6, [])]), spec));
        Assert.ThrowsAny<ArgumentException>(() =>
            ops.GatheredAttention(q, k, v, new([new(0, 6, [])]), spec with { OwnScore = float.NegativeInfinity }));

        using var table = new Parameter("t", 5, 3);
        Assert.Contains("at most 5", Assert.Throws<ShapeMismatchException>(
            () => ops.ProjectLength(q, table, [new SequenceRows(0, 6)])).Message);
        Assert.Throws<ShapeMismatchException>(() => ops.ProjectLength(q, table, [new SequenceRows(0, 5)]));
        Assert.Throws<ShapeMismatchException>(() => ops.ScatterRows(q, new[] { 0, 1, 2, 3, 4, 9 }, 9));
    }

    private static (Tensor Q, Tensor K, Tensor V) Sequence(int rows, int columns)
    {
        var c = new OpCase("sequence", (_, _) => throw new InvalidOperationException())
            .Input(rows, columns).Input(rows, columns).Input(rows, columns);
        return (c.Inputs[0], c.Inputs[1], c.Inputs[2]);
    }
}
