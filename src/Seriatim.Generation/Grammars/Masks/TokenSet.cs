using System.Numerics;

namespace Seriatim.Generation;

/// <summary>Tokens that may follow: a list if they are few, else one bit for each id.</summary>
internal sealed class TokenSet
{
    private readonly int[]? _few;
    private readonly TokenMask? _many;

    private TokenSet(int vocabulary, int[]? few, TokenMask? many, int count) =>
        (Vocabulary, _few, _many, Count) = (vocabulary, few, many, count);

    public int Vocabulary { get; }

    public int Count { get; }

    /// <summary>Bytes that it takes, with a state that keeps it.</summary>
    public int Size => 512 + (_few is null ? Vocabulary / 8 : 4 * Count);

    /// <summary>The ids, if they are few.</summary>
    public ReadOnlySpan<int> Few => _few;

    /// <summary>Takes bits over, id 0 in the lowest of the first word.</summary>
    public static TokenSet Of(ReadOnlySpan<ulong> words, int vocabulary)
    {
        int count = 0;
        foreach (ulong word in words)
            count += BitOperations.PopCount(word);
        if (count > vocabulary / 64)
        {
            var mask = new TokenMask(vocabulary);
            mask.CopyFrom(words);
            return new TokenSet(vocabulary, null, mask, count);
        }

        int[] few = new int[count];
        int at = 0;
        for (int i = 0; i < words.Length; i++)
        {
            for (ulong word = words[i]; word != 0; word &= word - 1)
                few[at++] = i * 64 + BitOperations.TrailingZeroCount(word);
        }

        return new TokenSet(vocabulary, few, null, count);
    }

    public bool Contains(int id) => _few is null ? _many!.Contains(id) : Array.BinarySearch(_few, id) >= 0;

    /// <summary>Sets the bits of its tokens.</summary>
    public void OrInto(ulong[] words)
    {
        if (_many is not null)
        {
            ReadOnlySpan<ulong> own = _many.AsSpan();
            for (int i = 0; i < words.Length; i++)
                words[i] |= own[i];
        }

        foreach (int id in _few ?? [])
            words[id >> 6] |= 1ul << id;
    }

    /// <summary>Drops all other tokens of a row.</summary>
    public void Keep(LogitsRow row)
    {
        if (_many is not null)
        {
            row.Keep(_many);
            return;
        }

        Span<float> kept = _few!.Length <= 256 ? stackalloc float[_few.Length] : new float[_few.Length];
        for (int i = 0; i < kept.Length; i++)
            kept[i] = row.Values[_few[i]];
        Array.Fill(row.Values, float.NegativeInfinity);
        for (int i = 0; i < kept.Length; i++)
            row.Values[_few[i]] = kept[i];
        row.Touch();
    }
}
