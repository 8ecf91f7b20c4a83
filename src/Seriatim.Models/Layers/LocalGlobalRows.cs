namespace Seriatim.Models;

/// <summary>The windows and global tokens of a batch (Beltagy et al., 2020: Longformer) as lists.</summary>
internal static class LocalGlobalRows
{
    /// <summary>
    /// What the rows that are not global see: global tokens first, then the others within the window. Rows of one residue class
    /// share a list, so that a dilated window is a range of it too.
    /// </summary>
    public static GatheredRows Windows(RaggedBatch batch, MixerSpec.LocalGlobal spec) => new(
        [.. batch.Segments.Select(segment => new GatheredSegment(segment.FirstRow, segment.Rows, [.. Pieces(segment, spec)]))]);

    /// <summary>Where the global tokens are, and the rows they see; null: there are none.</summary>
    public static GlobalTokens? Globals(RaggedBatch batch)
    {
        var rows = new List<int>();
        var segments = new List<AttentionSegment>();
        foreach (Segment segment in batch.Segments)
        {
            IReadOnlyList<int> globals = segment.Pattern.Globals;
            segments.Add(new AttentionSegment(
                rows.Count, globals.Count, segment.FirstRow, segment.Rows, 0, null, Visibility.Full));
            rows.AddRange(globals.Select(position => segment.FirstRow + position));
        }

        return rows.Count == 0 ? null : new GlobalTokens([.. rows], new AttentionRows(segments, null));
    }

    private static IEnumerable<GatheredPiece> Pieces(Segment segment, MixerSpec.LocalGlobal spec)
    {
        bool[] isGlobal = new bool[segment.Rows];
        foreach (int position in segment.Pattern.Globals)
            isGlobal[position] = true;
        for (int head = 0, count; head < spec.Heads; head += count)
        {
            int dilation = DilationOf(spec, head);
            for (count = 1; head + count < spec.Heads && DilationOf(spec, head + count) == dilation;)
                count++;
            for (int residue = 0; residue < Math.Min(dilation, segment.Rows); residue++)
                yield return Piece(segment, isGlobal, (residue, dilation), spec.Window / 2, (head, count));
        }
    }

    private static GatheredPiece Piece(
        Segment segment, bool[] isGlobal, (int Residue, int Step) rows, int side, (int First, int Count) heads)
    {
        var others = new List<int>();
        for (int position = rows.Residue; position < segment.Rows; position += rows.Step)
        {
            if (!isGlobal[position])
                others.Add(position);
        }

        int always = segment.Pattern.Globals.Count;
        var ranges = new (int First, int End)[others.Count];
        (int first, int end) = (0, 0);
        long reach = (long)side * rows.Step;
        for (int i = 0; i < ranges.Length; i++)
        {
            while (others[first] < others[i] - reach)
                first++;
            while (end < others.Count && others[end] <= others[i] + reach)
                end++;
            ranges[i] = (always + first, always + end);
        }

        int[] queries = [.. others];
        return new GatheredPiece(heads.First, heads.Count, queries,
            always == 0 ? queries : [.. segment.Pattern.Globals, .. queries])
        {
            Always = always,
            Ranges = ranges,
        };
    }

    private static int DilationOf(MixerSpec.LocalGlobal spec, int head) => spec.Dilations.Count == 0 ? 1 : spec.Dilations[head];
}

/// <summary>The global tokens of a batch.</summary>
/// <param name="Rows">Their rows, ascending.</param>
/// <param name="Seen">What they see: all rows of their sequences.</param>
internal sealed record GlobalTokens(int[] Rows, AttentionRows Seen);
