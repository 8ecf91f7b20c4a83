namespace Seriatim.Models;

/// <summary>
/// A row before each sequence that is no token of it: it has no position, and the others keep theirs
/// (<see cref="LengthSource.LeadingRow"/>).
/// </summary>
internal static class LeadingRows
{
    /// <summary>The batch with such a row before each sequence.</summary>
    public static RaggedBatch Before(RaggedBatch batch)
    {
        int rows = batch.Rows + batch.Segments.Count;
        (int[] tokens, int[] positions, int[] types) = (new int[rows], new int[rows], new int[rows]);
        var segments = new Segment[batch.Segments.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            Segment own = batch.Segments[i];
            int first = own.FirstRow + i;
            Copy(batch.Tokens, tokens);
            Copy(batch.Positions, positions);
            Copy(batch.TokenTypes, types);
            segments[i] = own with { FirstRow = first, Rows = own.Rows + 1 };

            void Copy(ReadOnlyMemory<int> from, int[] to) =>
                from.Span.Slice(own.FirstRow, own.Rows).CopyTo(to.AsSpan(first + 1));
        }

        return new RaggedBatch(tokens, positions, types, segments, []) { Dropout = batch.Dropout };
    }

    /// <summary>All rows of such a batch, these after the others.</summary>
    public static int[] Last(RaggedBatch batch) => [.. Others(batch), .. Rows(batch)];

    /// <summary>x with the first entry of a table in place of these rows.</summary>
    public static Tensor Put(IOps ops, Tensor x, EmbeddingWeight table, RaggedBatch batch)
    {
        (int[] own, int[] others) = (Rows(batch), Others(batch));
        using Tensor entries = ops.Embed(table, new int[own.Length]);
        using Tensor placed = ops.ScatterRows(entries, own, x.Rows);
        using Tensor rest = ops.GatherRows(x, others);
        using Tensor kept = ops.ScatterRows(rest, others, x.Rows);
        return ops.Add(kept, placed);
    }

    private static int[] Rows(RaggedBatch batch) => [.. batch.Segments.Select(segment => segment.FirstRow)];

    private static int[] Others(RaggedBatch batch) =>
        [.. batch.Segments.SelectMany(segment => Enumerable.Range(segment.FirstRow + 1, segment.Rows - 1))];
}
