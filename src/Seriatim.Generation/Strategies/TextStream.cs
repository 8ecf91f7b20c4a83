using System.Text;
using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>
/// Makes text of a sequence's tokens and looks for stop strings in it, wherever tokens begin and end. What may become a stop
/// string is held back until it is certain. Special tokens are no text; those that are shown come out where they stand, and stop
/// strings are looked for as if they were not there.
/// </summary>
internal sealed class TextStream
{
    private readonly TokenDecoder _decoder;
    private readonly IReadOnlyList<string> _stops;
    private readonly IReadOnlyDictionary<int, string> _shown;
    private readonly StringBuilder _all = new();

    /// <summary>Shown tokens that have not come out, and how much text comes out before them; in order.</summary>
    private readonly List<(int At, string Text)> _marks = [];
    private string _held = "";
    private int _released;

    /// <param name="tokenizer">Makes the text.</param>
    /// <param name="prompt">What comes before: decoders treat the first token of a text differently.</param>
    /// <param name="stops">Texts that stop; not empty ones.</param>
    /// <param name="shownIds">Special tokens whose text comes out.</param>
    public TextStream(
        Tokenizer tokenizer, ReadOnlySpan<int> prompt, IReadOnlyList<string> stops, IReadOnlyList<int> shownIds)
    {
        (_decoder, _stops) = (tokenizer.CreateDecoder(), stops);
        _shown = shownIds.Where(tokenizer.IsSpecial).Distinct().ToDictionary(id => id, tokenizer.PieceOf);
        foreach (int token in prompt)
            _decoder.Append(token);
    }

    private TextStream(TextStream other)
    {
        (_decoder, _stops, _held) = (other._decoder.Copy(), other._stops, other._held);
        (_shown, _released) = (other._shown, other._released);
        _all.Append(other._all);
        _marks.AddRange(other._marks);
    }

    /// <summary>All text that came out.</summary>
    public string All => _all.ToString();

    /// <summary>One that goes on from here by itself.</summary>
    public TextStream Copy() => new(this);

    /// <summary>Whether another token would reach a stop string; nothing is changed.</summary>
    public bool WouldStop(int token) => _stops.Count > 0 && StopIn(_held + _decoder.Copy().Append(token)) >= 0;

    /// <summary>Adds a token.</summary>
    /// <param name="token">Its id.</param>
    /// <param name="mayStop">Whether stop strings count already.</param>
    /// <param name="stopped">Whether the text reached one.</param>
    /// <returns>Text that is certain now.</returns>
    public string Append(int token, bool mayStop, out bool stopped)
    {
        if (_shown.TryGetValue(token, out string? mark))
        {
            // What the decoder still waits with comes before it.
            _marks.Add((_released + _held.Length + _decoder.Copy().Flush().Length, mark));
        }

        return Release(_held + _decoder.Append(token), mayStop, out stopped);
    }

    /// <summary>Ends the text and returns what was held back; it may still reach a stop string.</summary>
    public string Flush(bool mayStop, out bool stopped)
    {
        string rest = Release(_held + _decoder.Flush(), mayStop, out stopped);
        if (stopped)
            return rest;
        string last = WithMarks(_held) + string.Concat(_marks.Select(mark => mark.Text));
        _marks.Clear();
        _held = "";
        _all.Append(last);
        return rest + last;
    }

    private string Release(string text, bool mayStop, out bool stopped)
    {
        int stop = mayStop ? StopIn(text) : -1;
        stopped = stop >= 0;
        int end = stopped ? stop : text.Length - (mayStop ? LongestStart(text) : 0);

        _held = stopped ? "" : text[end..];
        string certain = WithMarks(text[..end]);
        if (stopped)
            _marks.Clear();
        _all.Append(certain);
        return certain;
    }

    /// <summary>Text that is certain, with the shown tokens in it and up to its end.</summary>
    private string WithMarks(string text)
    {
        int first = _released;
        _released += text.Length;
        int count = _marks.FindLastIndex(mark => mark.At <= _released) + 1;
        for (int i = count - 1; i >= 0; i--)
            text = text.Insert(Math.Max(0, _marks[i].At - first), _marks[i].Text);
        _marks.RemoveRange(0, count);
        return text;
    }

    /// <summary>Where the first stop string begins; -1: nowhere.</summary>
    private int StopIn(string text)
    {
        int first = -1;
        foreach (string stop in _stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || at < first))
                first = at;
        }

        return first;
    }

    /// <summary>Length of the longest end of the text that begins a stop string.</summary>
    private int LongestStart(string text)
    {
        int longest = 0;
        foreach (string stop in _stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                    longest = length;
            }
        }

        return longest;
    }
}
