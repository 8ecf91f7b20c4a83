namespace Seriatim.Tensors;

/// <summary>
/// How attention over gathered rows is cut into independent parts: forward a piece, a head and up to
/// <see cref="QueriesPerPart"/> queries; backward a sequence and a head. Part borders do not show in any bit: blocks of keys
/// count from the start of a piece's list.
/// </summary>
internal sealed class GatheredTask
{
    public const int QueriesPerPart = 64;

    private readonly GatheredPiece[] _pieces;
    private readonly int[] _segmentOf;
    private readonly int[] _firstPart;
    private readonly long _pairs;

    /// <param name="rows">The pieces, already checked.</param>
    /// <param name="heads">Heads they were checked for.</param>
    public GatheredTask(GatheredRows rows, int heads)
    {
        Heads = heads;
        _pieces = [.. rows.Segments.SelectMany(segment => segment.Pieces)];
        _segmentOf = [.. rows.Segments.SelectMany((segment, i) => Enumerable.Repeat(i, segment.Pieces.Count))];
        _firstPart = new int[_pieces.Length + 1];
        for (int i = 0; i < _pieces.Length; i++)
        {
            GatheredPiece piece = _pieces[i];
            _firstPart[i + 1] = _firstPart[i] + PartsOf(piece) * piece.Heads;
            for (int query = 0; query < piece.Queries.Length; query++)
            {
                AttentionRowRange range = piece.RangeOf(query);
                _pairs += (long)(range.Sinks + range.End - range.First) * piece.Heads;
            }
        }
    }

    /// <summary>Heads that the lists were checked for.</summary>
    public int Heads { get; }

    /// <summary>Independent parts of a forward pass.</summary>
    public int Parts => _firstPart[^1];

    /// <summary>About how many multiply-adds a forward pass is.</summary>
    public long Cost(int headDim) => 2 * _pairs * headDim;

    /// <summary>What a part covers.</summary>
    public void Locate(int part, out int segment, out GatheredPiece piece, out int head, out int firstQuery, out int queries)
    {
        int i = Array.BinarySearch(_firstPart, part);
        if (i < 0)
            i = ~i - 1;
        while (_firstPart[i + 1] <= part)
            i++; // pieces without queries
        (segment, piece) = (_segmentOf[i], _pieces[i]);
        int within = part - _firstPart[i];
        head = piece.FirstHead + within / PartsOf(piece);
        firstQuery = within % PartsOf(piece) * QueriesPerPart;
        queries = Math.Min(QueriesPerPart, piece.Queries.Length - firstQuery);
    }

    private static int PartsOf(GatheredPiece piece) => (piece.Queries.Length + QueriesPerPart - 1) / QueriesPerPart;
}
