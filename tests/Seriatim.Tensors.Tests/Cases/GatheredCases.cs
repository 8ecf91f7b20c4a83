namespace Seriatim.Tensors.Tests;

/// <summary>Attention over gathered rows: the patterns that need it, and lists that nobody should make but may.</summary>
public static class GatheredCases
{
    public static IEnumerable<OpCase> All()
    {
        yield return Case("window of 9 and 3 globals, 3 x 12", Spec(3, 12), Rows(70, n => Windows(n, 3, 4, 1, [0, 5, 40])));
        yield return Case("window of 5, dilated by 3 in one head of 2", Spec(2, 40),
            Rows(90, n => [.. Windows(n, 1, 2, 1, []), .. Windows(n, 1, 2, 3, [], firstHead: 1)]));
        yield return Case("blocks of 7, 2 heads, one counted twice", Spec(2, 16), Rows(66, n => Blocks(n, 7)));
        yield return Case("blocks of 70", Spec(1, 64), Rows(150, n => Blocks(n, 70)));
        yield return Case("buckets, causal, own score", Spec(2, 8) with { Causal = true, OwnScore = -2.5f },
            Rows(40, n => Buckets(n, 2)), withSums: true);
        yield return Case("sums alone", Spec(2, 20), Rows(33, n => Windows(n, 2, 3, 1, [1])), withSums: true, withY: false);
        yield return Case("dropout", Spec(2, 12) with { Dropout = new DropoutMask(0.3f, 7) },
            Rows(60, n => Windows(n, 2, 6, 1, [2])));
        yield return Case("empty lists and rows that see nothing", Spec(2, 12), new GatheredRows(
        [
            new GatheredSegment(0, 6,
            [
                new GatheredPiece(0, 2, [3, 1], [1, 2, 5]) { Ranges = [(1, 1), (0, 2)] },
                new GatheredPiece(0, 2, [], [0]), new GatheredPiece(0, 2, [4], []),
                new GatheredPiece(0, 2, [5], [5]) { Always = 1 },
            ]),
            new GatheredSegment(6, 2, []), new GatheredSegment(8, 0, []),
            new GatheredSegment(8, 3, [new GatheredPiece(1, 1, [2], [0, 2, 1]) { Always = 1, Ranges = [(0, 2)] }]),
        ]));
    }

    public static GatheredAttentionSpec Spec(int heads, int d) => new(heads, d, 1 / MathF.Sqrt(d));

    /// <summary>Three sequences: of n rows, of 5 and of 1.</summary>
    public static GatheredRows Rows(int n, Func<int, GatheredPiece[]> pieces) =>
        new([new(0, n, pieces(n)), new(n, 5, pieces(5)), new(n + 5, 1, pieces(1))]);

    /// <summary>Windows of so many rows on each side, rows of one residue class together; globals are always seen.</summary>
    public static GatheredPiece[] Windows(int n, int heads, int side, int dilation, int[] globals, int firstHead = 0)
    {
        globals = [.. globals.Where(g => g < n)];
        var pieces = new List<GatheredPiece>();
        for (int residue = 0; residue < Math.Min(n, dilation); residue++)
        {
            int[] all = [.. Enumerable.Range(0, n).Where(i => i % dilation == residue)];
            int[] others = [.. all.Except(globals)];
            (int First, int End) RangeOf(int i) => (
                globals.Length + others.Count(j => j < i - side * dilation),
                globals.Length + others.Count(j => j <= i + side * dilation));
            pieces.Add(new GatheredPiece(firstHead, heads, all, [.. globals, .. others])
            {
                Always = globals.Length,
                Ranges = [.. all.Select(RangeOf)],
            });
        }

        return [.. pieces];
    }

    /// <summary>For each head blocks of its own: itself, the first twice, and one that the head chooses.</summary>
    private static GatheredPiece[] Blocks(int n, int size)
    {
        int blocks = (n + size - 1) / size;
        int[] Block(int b) => [.. Enumerable.Range(b * size, Math.Min(size, n - b * size))];
        return
        [
            .. from head in Enumerable.Range(0, size == 7 ? 2 : 1)
               from b in Enumerable.Range(0, blocks)
               select new GatheredPiece(head, 1, Block(b),
                   [.. Block(b), .. Block(0), .. Block(0), .. Block((b * 3 + head) % blocks)]),
        ];
    }

    /// <summary>Chunks of 8 of a shuffled order that also see the chunk before.</summary>
    private static GatheredPiece[] Buckets(int n, int heads)
    {
        var pieces = new List<GatheredPiece>();
        for (int head = 0; head < heads; head++)
        {
            int[] order = [.. Enumerable.Range(0, n)];
            new Random(head).Shuffle(order);
            int[][] chunks = [.. order.Chunk(8)];
            for (int c = 0; c < chunks.Length; c++)
                pieces.Add(new GatheredPiece(head, 1, chunks[c], c == 0 ? chunks[c] : [.. chunks[c - 1], .. chunks[c]]));
        }

        return [.. pieces];
    }

    private static OpCase Case(
        string name, GatheredAttentionSpec spec, GatheredRows rows, bool withSums = false, bool withY = true)
    {
        int n = rows.Segments.Sum(s => s.Rows), width = spec.Heads * spec.HeadDim;
        LinearWeight? spread = null;
        var c = new OpCase($"gathered attention, {name}", (c, ops) =>
        {
            (Tensor y, Tensor sums) = ops.GatheredAttention(c.Inputs[0], c.Inputs[1], c.Inputs[2], rows, spec);
            if (!withSums)
            {
                sums.Dispose();
                return y;
            }

            using (y)
            using (sums)
            {
                using Tensor wide = ops.Linear(sums, spread!);
                return withY ? ops.Add(y, wide) : wide.Retain();
            }
        })
        { Tolerance = 1e-5f }.Input(n, width).Input(n, width).Input(n, width);
        spread = withSums ? c.Linear(width, spec.Heads, false) : null;
        return c;
    }
}
