namespace Seriatim.Tensors;

/// <summary>
/// What attention over gathered rows asks of its operands. The lists are looked at once for each <see cref="GatheredRows"/>.
/// </summary>
internal static class GatheredChecks
{
    private const string Name = "GatheredAttention";

    public static void Check(Tensor q, Tensor k, Tensor v, GatheredRows rows, GatheredAttentionSpec spec)
    {
        ShapeMismatchException.Require(spec.Heads > 0 && spec.HeadDim > 0, Name, "the shape of the heads",
            $"{spec.Heads} x {spec.HeadDim}", $"at least 1 x 1");
        OpShapes.RequireColumns(q, spec.Heads * spec.HeadDim, Name, "q", spec);
        OpShapes.RequireSame(q, k, Name, "k");
        OpShapes.RequireSame(q, v, Name, "v");
        DropoutOp.CheckMask(spec.Dropout);
        if (spec.OwnScore is { } own && !float.IsFinite(own))
            throw new ArgumentException($"{Name}: the score of a query's own position is {own}; a finite number is needed.");
        int next = 0;
        foreach (GatheredSegment segment in rows.Segments)
        {
            ShapeMismatchException.Require(segment.FirstRow == next && segment.Rows >= 0 && segment.Rows <= q.Rows - next, Name,
                "a segment", $"rows {segment.FirstRow} to {segment.FirstRow + segment.Rows}",
                $"a range that starts at {next} and ends by {q.Rows}");
            next += segment.Rows;
        }

        ShapeMismatchException.Require(
            next == q.Rows, Name, "the end of the last segment", $"{next}", $"{q.Rows}, the rows of q,");
        if (rows.Task is { } task && task.Heads == spec.Heads)
            return;
        foreach (GatheredSegment segment in rows.Segments)
            CheckPieces(segment, spec.Heads);
        rows.Task = new GatheredTask(rows, spec.Heads);
    }

    /// <summary>Two pieces that have a query in common would write its result twice.</summary>
    private static void CheckPieces(GatheredSegment segment, int heads)
    {
        bool[] taken = new bool[segment.Rows];
        foreach (IGrouping<(int, int), GatheredPiece> group in segment.Pieces.GroupBy(piece => (piece.FirstHead, piece.Heads)))
        {
            (int first, int count) = group.Key;
            ShapeMismatchException.Require(first >= 0 && count > 0 && count <= heads - first, Name, "the heads of a piece",
                $"{first} to {first + count}", $"a range within the {heads} heads");
            if (segment.Pieces.Any(other => other.FirstHead < first + count && first < other.FirstHead + other.Heads
                && (other.FirstHead, other.Heads) != group.Key))
            {
                throw new ArgumentException(
                    $"{Name}: the heads {first} to {first + count - 1} overlap those of another piece; pieces have the same " +
                    "heads or none in common.");
            }

            Array.Clear(taken);
            foreach (GatheredPiece piece in group)
                CheckLists(piece, taken);
        }
    }

    private static void CheckLists(GatheredPiece piece, bool[] taken)
    {
        foreach (int query in piece.Queries)
        {
            CheckPosition("query", query, taken.Length);
            if (taken[query])
                throw new ArgumentException($"{Name}: query {query} is in two pieces of head {piece.FirstHead}; one is needed.");
            taken[query] = true;
        }

        foreach (int key in piece.Keys)
            CheckPosition("key", key, taken.Length);
        ShapeMismatchException.Require(piece.Always >= 0 && piece.Always <= piece.Keys.Length, Name, "what is always seen",
            $"{piece.Always} keys", $"0 to the {piece.Keys.Length} of the list");
        if (piece.Ranges is not { } ranges)
            return;
        ShapeMismatchException.Require(ranges.Length == piece.Queries.Length, Name, "the ranges of a piece",
            $"{ranges.Length}", $"{piece.Queries.Length}, one for each query,");
        foreach ((int first, int end) in ranges)
        {
            ShapeMismatchException.Require(first >= 0 && first <= end && end <= piece.Keys.Length, Name, "a range of a piece",
                $"{first} to {end}", $"within the {piece.Keys.Length} keys of the list");
        }
    }

    private static void CheckPosition(string what, int position, int rows)
    {
        if ((uint)position >= (uint)rows)
        {
            throw new ArgumentOutOfRangeException(nameof(position),
                $"{Name}: a {what} at position {position}; the sequence has the positions 0 to {rows - 1}.");
        }
    }
}
