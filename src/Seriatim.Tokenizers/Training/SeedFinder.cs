using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Finds the candidates a Unigram training starts from: substrings of words that occur often. All starts of substrings are sorted
/// once by the text that follows (a suffix array, cut at the longest piece); substrings that are equal then stand together.
/// </summary>
internal sealed class SeedFinder
{
    private readonly char[] _text;
    private readonly int[] _wordOf;
    private readonly int[] _remaining;
    private readonly List<(string Word, long Count)> _words;

    private SeedFinder(List<(string Word, long Count)> words)
    {
        _words = words;
        int size = words.Sum(word => word.Word.Length);
        _text = new char[size];
        _wordOf = new int[size];
        _remaining = new int[size];
        int at = 0;
        for (int w = 0; w < words.Count; w++)
        {
            string word = words[w].Word;
            word.CopyTo(0, _text, at, word.Length);
            for (int i = 0; i < word.Length; i++)
            {
                _wordOf[at] = w;
                _remaining[at++] = word.Length - i;
            }
        }
    }

    /// <summary>Gives at most <paramref name="most"/> substrings of two characters or more, best first.</summary>
    public static List<(string Piece, double Score)> Find(List<(string Word, long Count)> words, int maxLength, long least,
        int most,
        CancellationToken cancellation)
    {
        var finder = new SeedFinder(words);
        int[] order = Enumerable.Range(0, finder._text.Length).Where(i => !char.IsLowSurrogate(finder._text[i])).ToArray();
        Array.Sort(order, (a, b) => finder.Compare(a, b, maxLength * 2));
        var found = new List<(string Piece, double Score)>();
        for (int length = 2; length <= maxLength * 2; length++)
        {
            cancellation.ThrowIfCancellationRequested();
            finder.Collect(order, length, maxLength, least, found);
        }

        found.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : string.CompareOrdinal(a.Piece, b.Piece));
        if (found.Count > most)
        {
            found.RemoveRange(most, found.Count - most);
        }

        return found;
    }

    private void Collect(int[] order, int length, int maxLength, long least, List<(string Piece, double Score)> found)
    {
        for (int i = 0; i < order.Length;)
        {
            int start = order[i];
            if (_remaining[start] < length)
            {
                i++;
                continue;
            }

            long count = 0;
            int next = i;
            while (next < order.Length && Same(start, order[next], length))
            {
                count += _words[_wordOf[order[next++]]].Count;
            }

            i = next;
            ReadOnlySpan<char> piece = _text.AsSpan(start, length);
            if (count < least || char.IsHighSurrogate(piece[^1]))
            {
                continue;
            }

            int characters = 0;
            foreach (Rune _ in piece.EnumerateRunes())
            {
                characters++;
            }

            if (characters >= 2 && characters <= maxLength)
            {
                found.Add((piece.ToString(), (double)count * characters));
            }
        }
    }

    private bool Same(int a, int b, int length) =>
        _remaining[b] >= length && _text.AsSpan(a, length).SequenceEqual(_text.AsSpan(b, length));

    private int Compare(int a, int b, int most)
    {
        ReadOnlySpan<char> first = _text.AsSpan(a, Math.Min(most, _remaining[a]));
        ReadOnlySpan<char> second = _text.AsSpan(b, Math.Min(most, _remaining[b]));
        int order = first.SequenceCompareTo(second);
        return order != 0 ? order : a.CompareTo(b);
    }
}
