namespace Seriatim.Tokenizers;

/// <summary>The pieces a text has been cut into: ranges of the <see cref="AlignedText"/>, in order, perhaps with gaps.</summary>
internal sealed class PieceList
{
    private Piece[] _items = new Piece[64];

    /// <summary>A range of chars <c>[Start, End)</c>.</summary>
    internal readonly record struct Piece(int Start, int End);

    /// <summary>Number of pieces.</summary>
    public int Count { get; private set; }

    /// <summary>The pieces.</summary>
    public ReadOnlySpan<Piece> Span => _items.AsSpan(0, Count);

    /// <summary>Places kept allocated.</summary>
    public int Capacity => _items.Length;

    /// <summary>Forgets all pieces.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds a piece; an empty one is ignored.</summary>
    public void Add(int start, int end)
    {
        if (end > start)
        {
            AddAlways(start, end);
        }
    }

    /// <summary>Adds a range, an empty one too.</summary>
    public void AddAlways(int start, int end)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        _items[Count++] = new Piece(start, end);
    }
}
