namespace Seriatim.Tensors;

/// <summary>
/// The keys one query sees, by position in its sequence: <c>[0, Sinks)</c> and <c>[First, End)</c>. All masks of
/// <see cref="AttentionSpec"/>, <see cref="AttentionSegment"/> and <see cref="Visibility"/> come down to this.
/// </summary>
/// <param name="Position">Position of the query itself.</param>
/// <param name="SinkPosition">
/// Position it has for the sinks: its own, or where the window of its segment ends if that is less.
/// </param>
/// <param name="Sinks">End of the first range.</param>
/// <param name="First">Start of the second range; not below Sinks.</param>
/// <param name="End">End of the second range.</param>
internal readonly record struct AttentionRowRange(int Position, int SinkPosition, int Sinks, int First, int End)
{
    /// <summary>Whether it has other positions, and other queries, for the sinks.</summary>
    public bool MovesSinks => SinkPosition != Position;

    public bool Sees(int key) => key < Sinks || (key >= First && key < End);

    /// <summary>Position of the query as a key sees it.</summary>
    public int PositionFor(int key) => key < Sinks ? SinkPosition : Position;

    /// <summary>
    /// The range of query <paramref name="row"/> of a segment. In a tree, positions are those along the row's own path.
    /// </summary>
    public static AttentionRowRange Of(AttentionSegment segment, int row, AttentionSpec spec)
    {
        int total = segment.Past + segment.Keys;
        int position = segment.Past + (segment.Visibility == Visibility.Tree ? Depth(segment, row) : row);
        int end = segment.Visibility == Visibility.Full ? total : position + 1;
        if (spec.Chunk > 0)
        {
            long chunk = position / spec.Chunk;
            return new AttentionRowRange(position, position, 0, (int)Math.Max(0, (chunk - spec.ChunksBefore) * spec.Chunk),
                (int)Math.Min(end, (chunk + 1) * spec.Chunk));
        }

        bool narrows = segment.Window > 0 && (spec.Window <= 0 || segment.Window <= spec.Window);
        (int window, int sinks) = narrows ? (segment.Window, segment.Sinks) : (spec.Window, spec.Sinks);
        if (window <= 0)
            return new AttentionRowRange(position, position, 0, 0, end);
        int first = Math.Max(0, position - window + 1);
        if (segment.Visibility == Visibility.Full)
            end = (int)Math.Min(end, (long)position + window);
        int sinkPosition = narrows ? (int)Math.Min(position, (long)sinks + window - 1) : position;
        sinks = Math.Min(sinks, end);
        return new AttentionRowRange(position, sinkPosition, sinks, Math.Max(first, sinks), end);
    }

    /// <summary>Number of ancestors of a row within the tree of its segment.</summary>
    public static int Depth(AttentionSegment segment, int row)
    {
        int depth = 0;
        for (int parent = segment.Parents![row]; parent >= 0; parent = segment.Parents[parent])
            depth++;
        return depth;
    }

    /// <summary>
    /// Where in the segment's keys position <paramref name="position"/> of a row's sequence is stored: positions of the past and
    /// of linear segments at their own place, those of a tree along the path to the row.
    /// </summary>
    public static int StoredAt(AttentionSegment segment, int row, int position)
    {
        if (segment.Visibility != Visibility.Tree || position < segment.Past)
            return position;
        int steps = Depth(segment, row) - (position - segment.Past);
        for (; steps > 0; steps--)
            row = segment.Parents![row];
        return segment.Past + row;
    }
}
