namespace Seriatim.Generation;

/// <summary>
/// A set of texts as a tree by bytes, a value that never changes: a set with one text more shares all but that text's path.
/// </summary>
internal sealed class TextSet
{
    private readonly (byte Value, TextSet Below)[] _below;

    private TextSet(bool ends, (byte Value, TextSet Below)[] below)
    {
        (Ends, _below) = (ends, below);
        Count = ends ? 1 : 0;
        foreach ((_, TextSet one) in below)
            Count += one.Count;
    }

    /// <summary>No text.</summary>
    public static TextSet Empty { get; } = new(false, []);

    /// <summary>Number of texts.</summary>
    public int Count { get; }

    /// <summary>Whether the empty text is one.</summary>
    public bool Ends { get; }

    /// <summary>What may follow a byte; null: no text begins with it.</summary>
    public TextSet? Below(byte value)
    {
        int at = Find(value);
        return at >= 0 ? _below[at].Below : null;
    }

    /// <summary>The same texts and one more.</summary>
    public TextSet With(ReadOnlySpan<byte> text)
    {
        var path = new TextSet[text.Length + 1];
        path[0] = this;
        for (int i = 0; i < text.Length; i++)
            path[i + 1] = path[i].Below(text[i]) ?? Empty;
        TextSet made = new(true, path[^1]._below);
        for (int i = text.Length - 1; i >= 0; i--)
            made = path[i].With(text[i], made);
        return made;
    }

    private TextSet With(byte value, TextSet below)
    {
        int at = Find(value);
        if (at >= 0)
        {
            var changed = ((byte, TextSet)[])_below.Clone();
            changed[at] = (value, below);
            return new TextSet(Ends, changed);
        }

        return new TextSet(Ends, [.. _below.AsSpan(0, ~at), (value, below), .. _below.AsSpan(~at)]);
    }

    private int Find(byte value)
    {
        (int low, int high) = (0, _below.Length - 1);
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_below[middle].Value == value)
                return middle;
            if (_below[middle].Value < value)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }
}
