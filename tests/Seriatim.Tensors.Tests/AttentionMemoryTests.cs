namespace Seriatim.Tensors.Tests;

/// <summary>Stored keys and values: any chunks, pages, trees and neighbours give the bits of one plain pass.</summary>
public sealed class AttentionMemoryTests
{
    private const int Rows = 150;
    private const int Layers = 2;

    private static readonly (string Name, AttentionSpec Spec)[] Specs =
    [
        ("plain", AttentionCases.Spec(4, 2, 12)),
        ("one group of 9", AttentionCases.Spec(9, 1, 16)),
        ("window", AttentionCases.Spec(2, 2, 8) with { Window = 21 }),
        ("window and sinks", AttentionCases.Spec(2, 2, 64) with { Window = 21, Sinks = 5 }),
        ("alibi, soft cap", AttentionCases.Spec(2, 2, 40) with { SoftCap = 2, Bias = new AttentionBias.Alibi([0.25f, 0.0625f]) }),
    ];

    public static TheoryData<int, LaneWidth, int> Cases
    {
        get
        {
            var data = new TheoryData<int, LaneWidth, int>();
            for (int spec = 0; spec < Specs.Length; spec++)
            {
                foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
                {
                    foreach (int page in new[] { 1, 4, 16, 64 })
                        data.Add(spec, width, page);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Chunks_and_pages_do_not_show(int specIndex, LaneWidth width, int pageSize)
    {
        AttentionSpec spec = Specs[specIndex].Spec;
        using IDifferentiableOps ops = CpuOps.Create(2, width);
        (Tensor q, Tensor k, Tensor v) = Sequence(spec, Rows, seed: 3);
        using Tensor plain = ops.Attention(q, k, v, AttentionCases.Rows([(Rows, Rows, Visibility.Causal)]), 0, spec);

        foreach (int seed in new[] { 1, 2, 3 })
        {
            using var pool = new KeyValuePool(Layers, spec.KeyValueHeads, spec.HeadDim, pageSize, 2 * Rows);
            int[] pages = Shuffled(Enumerable.Range(0, (Rows + pageSize - 1) / pageSize), seed);
            var random = new Random(seed);
            for (int past = 0; past < Rows;)
            {
                int rows = Math.Min(Rows - past, seed == 1 ? 1 : random.Next(1, 40));
                using Tensor y = Step(ops, q, k, v, past, rows, pool, pages, spec);
                OpTableTests.SameBits(plain.Span.Slice(past * q.Columns, rows * q.Columns), y.Span, $"{Specs[specIndex].Name}, page {pageSize}, rows {past} to {past + rows}");
                past += rows;
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_path_of_a_tree_equals_plain_decoding(int specIndex, LaneWidth width, int pageSize)
    {
        AttentionSpec spec = Specs[specIndex].Spec;
        using IDifferentiableOps ops = CpuOps.Create(1, width);
        const int Past = 37;
        (Tensor q, Tensor k, Tensor v) = Sequence(spec, Past + 5, seed: 4);
        using Tensor plain = ops.Attention(q, k, v, AttentionCases.Rows([(Past + 5, Past + 5, Visibility.Causal)]), 0, spec);
        using var pool = new KeyValuePool(1, spec.KeyValueHeads, spec.HeadDim, pageSize, 100);
        int[] pages = Shuffled(Enumerable.Range(0, (Past + 10) / pageSize + 1), 7);
        Step(ops, q, k, v, 0, Past, pool, pages, spec).Dispose();

        // Rows 0 2 3 5 7 of the tree continue the sequence; the others are branches with keys of their own.
        int[] parents = [-1, 0, 0, 2, 2, 3, 4, 5, -1];
        int[] path = [0, 2, 3, 5, 7];
        (Tensor tq, Tensor tk, Tensor tv) = Sequence(spec, parents.Length, seed: 9);
        for (int i = 0; i < path.Length; i++)
        {
            q.Row(Past + i).CopyTo(tq.Row(path[i]));
            k.Row(Past + i).CopyTo(tk.Row(path[i]));
            v.Row(Past + i).CopyTo(tv.Row(path[i]));
        }

        var segment = new AttentionSegment(0, parents.Length, 0, parents.Length, Past, pages, Visibility.Tree, parents);
        using Tensor tree = ops.Attention(tq, tk, tv, new AttentionRows([segment], pool), 0, spec);
        for (int i = 0; i < path.Length; i++)
            OpTableTests.SameBits(plain.Row(Past + i), tree.Row(path[i]), $"{Specs[specIndex].Name}, page {pageSize}, step {i} of the path");

        // What was accepted moves together, and decoding goes on from there.
        for (int i = 0; i < path.Length; i++)
            pool.CopyPosition(pages[(Past + path[i]) / pageSize], (Past + path[i]) % pageSize, pages[(Past + i) / pageSize], (Past + i) % pageSize);
        using Tensor last = Step(ops, q, k, v, Past + 4, 1, pool, pages, spec, store: false);
        OpTableTests.SameBits(plain.Row(Past + 4), last.Row(0), "after the path was kept");
    }

    [Fact]
    public void Neighbours_do_not_show()
    {
        AttentionSpec spec = Specs[0].Spec;
        using IDifferentiableOps ops = CpuOps.Create(2);
        (Tensor q, Tensor k, Tensor v) = Sequence(spec, 100, seed: 5);
        (int, int, Visibility)[] lengths = [(3, 3, Visibility.Causal), (60, 60, Visibility.Causal), (1, 1, Visibility.Causal), (36, 36, Visibility.Causal)];
        using Tensor together = ops.Attention(q, k, v, AttentionCases.Rows(lengths), 0, spec);
        int start = 0;
        foreach ((int rows, int _, Visibility _) in lengths)
        {
            using Tensor ownQ = Part(q, start, rows);
            using Tensor ownK = Part(k, start, rows);
            using Tensor ownV = Part(v, start, rows);
            using Tensor alone = ops.Attention(ownQ, ownK, ownV, AttentionCases.Rows([(rows, rows, Visibility.Causal)]), 0, spec);
            OpTableTests.SameBits(alone.Span, together.Span.Slice(start * q.Columns, rows * q.Columns), $"segment of {rows}");
            start += rows;
        }
    }

    [Fact]
    public void The_reference_reads_and_writes_the_same_memory()
    {
        foreach ((string name, AttentionSpec spec) in Specs)
        {
            using IDifferentiableOps ops = CpuOps.Create(1);
            var reference = new ReferenceOps();
            (Tensor q, Tensor k, Tensor v) = Sequence(spec, 40, seed: 6);
            using var pool = new KeyValuePool(1, spec.KeyValueHeads, spec.HeadDim, 4, 10);
            int[] pages = Shuffled(Enumerable.Range(0, 10), 1);
            Step(ops, q, k, v, 0, 30, pool, pages, spec).Dispose();
            using Tensor fast = Step(ops, q, k, v, 30, 10, pool, pages, spec);
            using Tensor slow = Step(reference, q, k, v, 30, 10, pool, pages, spec);
            for (int i = 0; i < fast.Length; i++)
                Assert.True(Math.Abs(fast.Span[i] - slow.Span[i]) < 1e-5f, $"{name}: {fast.Span[i]} instead of {slow.Span[i]}.");
        }
    }

    private static Tensor Step(
        IOps ops, Tensor q, Tensor k, Tensor v, int past, int rows, KeyValuePool pool, int[] pages, AttentionSpec spec, bool store = true)
    {
        using Tensor ownQ = Part(q, past, rows);
        using Tensor ownK = Part(k, past, rows);
        using Tensor ownV = Part(v, past, rows);
        var segment = store
            ? new AttentionSegment(0, rows, 0, rows, past, pages, Visibility.Causal)
            : new AttentionSegment(0, rows, 0, 0, past, pages, Visibility.Causal);
        return ops.Attention(ownQ, store ? ownK : null, store ? ownV : null, new AttentionRows([segment], pool), pool.Layers - 1, spec);
    }

    private static (Tensor Q, Tensor K, Tensor V) Sequence(AttentionSpec spec, int rows, int seed)
    {
        var c = new OpCase("sequence", (_, _) => throw new InvalidOperationException());
        for (int i = 1; i < seed; i++)
            c.Input(1, 1);
        c.Input(rows, spec.Heads * spec.HeadDim).Input(rows, spec.KeyValueHeads * spec.HeadDim).Input(rows, spec.KeyValueHeads * spec.HeadDim);
        return (c.Inputs[^3], c.Inputs[^2], c.Inputs[^1]);
    }

    private static Tensor Part(Tensor tensor, int start, int rows) =>
        Tensor.From(tensor.Span.Slice(start * tensor.Columns, rows * tensor.Columns), rows, tensor.Columns);

    private static int[] Shuffled(IEnumerable<int> values, int seed)
    {
        int[] array = [.. values];
        new Random(seed).Shuffle(array);
        return array;
    }
}
