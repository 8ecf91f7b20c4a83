using System.Runtime.CompilerServices;

namespace Seriatim.Tokenizers;

/// <summary>Token ids as they are produced and, when offsets were asked for, their spans in the original text.</summary>
internal sealed class TokenBuffer
{
    private int[] _ids = new int[64];
    private int[] _starts = [];
    private int[] _ends = [];

    /// <summary>Number of tokens.</summary>
    public int Count { get; private set; }

    /// <summary>Whether spans are kept.</summary>
    public bool Tracks { get; private set; }

    /// <summary>The ids.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Places kept allocated.</summary>
    public int Capacity => _ids.Length;

    /// <summary>Original span of token <paramref name="index"/>.</summary>
    public (int Start, int End) SpanOf(int index) => (_starts[index], _ends[index]);

    /// <summary>Changes the original span of token <paramref name="index"/>.</summary>
    public void SetSpan(int index, int start, int end) => (_starts[index], _ends[index]) = (start, end);

    /// <summary>Starts over.</summary>
    public void Reset(bool tracks)
    {
        Count = 0;
        Tracks = tracks;
        if (tracks && _starts.Length < _ids.Length)
        {
            _starts = new int[_ids.Length];
            _ends = new int[_ids.Length];
        }
    }

    /// <summary>Adds a token that covers chars <c>[start, end)</c> of <paramref name="text"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id, AlignedText text, int start, int end)
    {
        if (Tracks)
        {
            int from = text.OriginalStart(start);
            AddSpan(id, from, end > start ? Math.Max(from, text.OriginalEnd(end)) : from);
            return;
        }

        Add(id);
    }

    /// <summary>Adds a token without a span.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id)
    {
        if (Count == _ids.Length)
        {
            Grow(1);
        }

        _ids[Count++] = id;
    }

    /// <summary>Adds many tokens without spans.</summary>
    public void AddRange(ReadOnlySpan<int> ids)
    {
        if (Count + ids.Length > _ids.Length)
        {
            Grow(ids.Length);
        }

        ids.CopyTo(_ids.AsSpan(Count));
        Count += ids.Length;
    }

    /// <summary>Adds a token with its original span.</summary>
    public void AddSpan(int id, int start, int end)
    {
        if (Count == _ids.Length)
        {
            Grow(1);
        }

        if (Tracks)
        {
            _starts[Count] = start;
            _ends[Count] = end;
        }

        _ids[Count++] = id;
    }

    /// <summary>Gives the tokens from <paramref name="first"/> on other ids.</summary>
    public void Renumber(int first, int[] ids)
    {
        for (int i = first; i < Count; i++)
        {
            _ids[i] = ids[_ids[i]];
        }
    }

    /// <summary>Drops the tokens from <paramref name="count"/> on.</summary>
    public void Truncate(int count) => Count = count;

    /// <summary>Reverses the order of the tokens from <paramref name="first"/> on.</summary>
    public void Reverse(int first)
    {
        Array.Reverse(_ids, first, Count - first);
        if (Tracks)
        {
            Array.Reverse(_starts, first, Count - first);
            Array.Reverse(_ends, first, Count - first);
        }
    }

    private void Grow(int more)
    {
        int size = Math.Max(_ids.Length * 2, Count + more);
        Array.Resize(ref _ids, size);
        if (Tracks)
        {
            Array.Resize(ref _starts, size);
            Array.Resize(ref _ends, size);
        }
    }
}
