namespace Seriatim.Tensors;

/// <summary>
/// Writes the new keys and values of segments with pages to their places in the pool: rows of all segments as one piece of work,
/// since a step of many sequences has one row of each.
/// </summary>
internal unsafe struct KeyValueStore : IWork
{
    /// <summary>Rows of a piece: of one segment, or of neighbouring ones.</summary>
    private const int RowsPerPiece = 32;

    private KeyValuePool _pool;
    private IReadOnlyList<AttentionSegment> _segments;
    private int[] _firstRow;
    private Tensor _k, _v;
    private int _layer;

    /// <summary>Stores what there is to store.</summary>
    /// <param name="team">Who works; null: the caller alone.</param>
    /// <param name="k">New keys <c>[M, K D]</c>; null: there are none.</param>
    /// <param name="v">New values, as keys.</param>
    /// <param name="rows">Whose they are, and their pages.</param>
    /// <param name="layer">The layer.</param>
    public static void Run(WorkerTeam? team, Tensor? k, Tensor? v, AttentionRows rows, int layer)
    {
        if (rows.Pool is not { } pool || k is null || v is null)
            return;
        int[] first = rows.StoredRows ??= FirstRows(rows.Segments);
        var work = new KeyValueStore
        {
            _pool = pool,
            _segments = rows.Segments,
            _firstRow = first,
            _k = k,
            _v = v,
            _layer = layer,
        };
        int pieces = (first[^1] + RowsPerPiece - 1) / RowsPerPiece;
        if (team is not null)
        {
            team.Run(pieces, ref work, (long)first[^1] * k.Columns * 2);
            return;
        }

        for (int piece = 0; piece < pieces; piece++)
            work.Do(piece, 0);
    }

    public readonly void Do(int piece, int worker)
    {
        int row = piece * RowsPerPiece, end = Math.Min(_firstRow[^1], row + RowsPerPiece);
        int index = Array.BinarySearch(_firstRow, row);
        if (index < 0)
            index = ~index - 1;
        for (; row < end; row++)
        {
            while (_firstRow[index + 1] <= row)
                index++; // segments that store nothing, too
            Store(_segments[index], row - _firstRow[index]);
        }
    }

    private readonly void Store(AttentionSegment segment, int row)
    {
        int position = segment.Past + row;
        int page = segment.Pages![position / _pool.PageSize];
        if ((uint)page >= (uint)_pool.Pages)
        {
            throw new ArgumentOutOfRangeException(nameof(segment),
                $"Attention: position {position} belongs to page {page}; the pool has the pages 0 to {_pool.Pages - 1}.");
        }

        float* k = _k.Floats + (long)(segment.KeyRow + row) * _k.Columns;
        float* v = _v.Floats + (long)(segment.KeyRow + row) * _v.Columns;
        int slot = position % _pool.PageSize, d = _pool.HeadDim;
        for (int head = 0; head < _pool.Heads; head++)
            _pool.Store(page, _layer, head, slot, k + head * d, v + head * d);
    }

    /// <summary>Rows to store before each segment, and those of all.</summary>
    private static int[] FirstRows(IReadOnlyList<AttentionSegment> segments)
    {
        int[] first = new int[segments.Count + 1];
        for (int i = 0; i < segments.Count; i++)
            first[i + 1] = first[i] + (segments[i].Pages is null ? 0 : segments[i].Keys);
        return first;
    }
}
