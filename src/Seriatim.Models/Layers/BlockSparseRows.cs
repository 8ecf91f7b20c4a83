namespace Seriatim.Models;

/// <summary>The blocks of a batch that see each other (Zaheer et al., 2020: BigBird) as lists.</summary>
internal static class BlockSparseRows
{
    public static GatheredRows Of(RaggedBatch batch, MixerSpec.BlockSparse spec) => new(
        [.. batch.Segments.Select(segment => new GatheredSegment(segment.FirstRow, segment.Rows, [.. Pieces(segment, spec)]))]);

    /// <summary>
    /// Random blocks of a block of queries: of those it does not see anyway, drawn by counter from the layer, the number of
    /// blocks, the head and the block, so that every run has the same.
    /// </summary>
    internal static int[] Draw(MixerSpec.BlockSparse spec, int blocks, int head, int block)
    {
        int[] allowed = [.. Enumerable.Range(1, blocks - 2).Where(other => Math.Abs(other - block) > 1)];
        int count = Math.Min(spec.RandomBlocks, allowed.Length);
        ulong key = RandomSource.Mix(((ulong)spec.Layer << 32) + (ulong)blocks);
        key = RandomSource.Mix(key + ((ulong)head << 32) + (ulong)block);
        for (int i = 0; i < count; i++)
        {
            ulong left = (ulong)(allowed.Length - i);
            int chosen = i + (int)(RandomSource.Mix(key + (ulong)i + 1) % left);
            (allowed[i], allowed[chosen]) = (allowed[chosen], allowed[i]);
        }

        return allowed[..count];
    }

    private static IEnumerable<GatheredPiece> Pieces(Segment segment, MixerSpec.BlockSparse spec)
    {
        int rows = segment.Rows;
        BlockPlan? plan = segment.Pattern.Blocks;
        int[] all = [.. Enumerable.Range(0, rows)];
        int blocks = plan?.Blocks ?? (rows + spec.BlockSize - 1) / spec.BlockSize;
        if (plan is null && rows <= spec.FullLength)
        {
            yield return new GatheredPiece(0, spec.Heads, all, all);
            yield break;
        }

        for (int block = 0; block < blocks; block++)
        {
            int[] queries = Rows(block, rows, spec.BlockSize);
            if (queries.Length == 0)
                continue;
            for (int head = 0; head < spec.Heads; head++)
            {
                if (block == 0 || block == blocks - 1)
                {
                    yield return new GatheredPiece(head, 1, queries, all);
                    continue;
                }

                int[] random = plan is null ? Draw(spec, blocks, head, block) : plan.Layers[spec.Layer][head][block - 1];
                yield return new GatheredPiece(
                    head, 1, queries, [.. Seen(block, blocks).Concat(random).SelectMany(b => Rows(b, rows, spec.BlockSize))]);
            }
        }
    }

    /// <summary>What every block sees, each once: the first, its neighbours, itself, the last.</summary>
    private static IEnumerable<int> Seen(int block, int blocks) =>
        new[] { 0, block - 1, block, block + 1, blocks - 1 }.Distinct();

    /// <summary>Positions of a block, as far as the sequence has them.</summary>
    private static int[] Rows(int block, int rows, int size)
    {
        long first = (long)block * size;
        return first >= rows ? [] : [.. Enumerable.Range((int)first, (int)Math.Min(size, rows - first))];
    }
}
