using System.Diagnostics.CodeAnalysis;

namespace Seriatim.Tokenizers;

/// <summary>Pieces and their ids, both ways. Ids may have holes; of two equal pieces the first keeps the name.</summary>
internal sealed class Vocabulary
{
    /// <summary>
    /// Largest id accepted: 16 Mi, far above any real vocabulary, so that a broken file cannot ask for gigabytes.
    /// </summary>
    public const int MaxId = (1 << 24) - 1;

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly string?[] _pieces;

    /// <summary>Builds the vocabulary; <paramref name="file"/> and <paramref name="component"/> are for errors.</summary>
    public Vocabulary(IReadOnlyList<KeyValuePair<string, int>> entries, string file, string component)
    {
        int max = -1;
        foreach ((string piece, int id) in entries)
        {
            if (id is < 0 or > MaxId)
            {
                throw new TokenizerFormatException(file, component,
                    $"id {id} of \"{piece}\" is outside 0..{MaxId}; the file is damaged or not a vocabulary.");
            }

            max = Math.Max(max, id);
        }

        _pieces = new string?[max + 1];
        _ids = new Dictionary<string, int>(entries.Count, StringComparer.Ordinal);
        foreach ((string piece, int id) in entries)
        {
            if (_pieces[id] is { } other && other != piece)
            {
                throw new TokenizerFormatException(file, component,
                    $"id {id} is given to both \"{other}\" and \"{piece}\"; give every piece its own id.");
            }

            _pieces[id] = piece;
            _ids.TryAdd(piece, id);
        }

        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>One more than the largest id.</summary>
    public int Size => _pieces.Length;

    /// <summary>Number of different pieces.</summary>
    public int Count => _ids.Count;

    /// <summary>All pieces with their ids.</summary>
    public IEnumerable<KeyValuePair<string, int>> Entries => _ids;

    /// <summary>Finds the id of a piece.</summary>
    public bool TryGetId(ReadOnlySpan<char> piece, out int id) => _lookup.TryGetValue(piece, out id);

    /// <summary>Finds a piece by id.</summary>
    public bool TryGetPiece(int id, [NotNullWhen(true)] out string? piece)
    {
        piece = (uint)id < (uint)_pieces.Length ? _pieces[id] : null;
        return piece is not null;
    }

    /// <summary>The ids of <c>&lt;0x00&gt;</c> .. <c>&lt;0xFF&gt;</c>; -1 where one is missing; null when all are.</summary>
    public int[]? ByteTokens()
    {
        var ids = new int[256];
        bool any = false;
        for (int b = 0; b < 256; b++)
        {
            ids[b] = TryGetId($"<0x{b:X2}>", out int id) ? id : -1;
            any |= ids[b] >= 0;
        }

        return any ? ids : null;
    }
}
