namespace Seriatim.Tensors;

/// <summary>
/// How one attention call is cut into independent pieces: one segment, one key/value head and up to <see cref="RowsPerPiece"/>
/// query rows. A row is a pair (position, head of the group), the heads of a group side by side, because they share their keys.
/// </summary>
internal sealed class AttentionTask
{
    /// <summary>
    /// Query rows of one piece: eight tiles of eight, which share each block of keys while it is in the first cache.
    /// </summary>
    public const int RowsPerPiece = 64;

    /// <summary>
    /// Keys between two updates of the running maximum, counted from position 0 of the sequence: part of the order of
    /// operations, and so of the bits.
    /// </summary>
    public const int KeyBlock = 64;

    private readonly int[] _firstPiece;
    private readonly AttentionRows _rows;
    private readonly int _group;
    private readonly int _keyHeads;

    private AttentionTask(AttentionRows rows, AttentionSpec spec)
    {
        (_rows, _group, _keyHeads) = (rows, spec.Heads / spec.KeyValueHeads, spec.KeyValueHeads);
        _firstPiece = new int[rows.Segments.Count + 1];
        PackedStart = new int[rows.Segments.Count];
        for (int s = 0; s < rows.Segments.Count; s++)
        {
            AttentionSegment segment = rows.Segments[s];
            _firstPiece[s + 1] = _firstPiece[s] + PiecesOf(segment) * _keyHeads;
            PackedStart[s] = PackedKeys;
            Cost += (long)segment.Queries * (segment.Past + segment.Keys) * spec.Heads * spec.HeadDim * 2;
            if (segment.Pages is null)
                PackedKeys += (segment.Keys + 15) & ~15;
        }
    }

    /// <summary>About how many multiply-adds the call is.</summary>
    public long Cost { get; }

    /// <summary>Number of pieces.</summary>
    public int Pieces => _firstPiece[^1];

    /// <summary>For segments without pages: where their keys start in the packed copy, in keys.</summary>
    public int[] PackedStart { get; }

    /// <summary>Keys of all segments without pages, each rounded up to 16.</summary>
    public int PackedKeys { get; }

    /// <summary>The task of a call; kept with its rows, which all layers of a stack share.</summary>
    public static AttentionTask Of(AttentionRows rows, AttentionSpec spec)
    {
        AttentionTask? task = rows.Task;
        if (task is null || task._keyHeads != spec.KeyValueHeads || task._group != spec.Heads / spec.KeyValueHeads)
            rows.Task = task = new AttentionTask(rows, spec);
        return task;
    }

    /// <summary>
    /// What a piece covers. Pieces with the most keys come first, so that no thread is left with a long one at the end.
    /// </summary>
    public void Locate(int piece, out int segment, out int keyHead, out int firstRow, out int rows)
    {
        segment = Array.BinarySearch(_firstPiece, piece);
        if (segment < 0)
            segment = ~segment - 1;
        while (_firstPiece[segment + 1] <= piece)
            segment++; // segments without rows
        AttentionSegment s = _rows.Segments[segment];
        int pieces = PiecesOf(s);
        int within = piece - _firstPiece[segment];
        keyHead = within % _keyHeads;
        int block = pieces - 1 - within / _keyHeads;
        int perPiece = RowsOfPiece(s);
        firstRow = block * perPiece;
        rows = Math.Min(perPiece, s.Queries * _group - firstRow);
    }

    /// <summary>A tree row has a path of its own, so its heads are a piece.</summary>
    private int RowsOfPiece(AttentionSegment segment) =>
        segment.Visibility == Visibility.Tree ? _group : Math.Max(1, RowsPerPiece / _group) * _group;

    private int PiecesOf(AttentionSegment segment)
    {
        int perPiece = RowsOfPiece(segment);
        return (segment.Queries * _group + perPiece - 1) / perPiece;
    }
}
