using System.Text;
using Seriatim.Tokenizers;

namespace Seriatim.Generation;

/// <summary>
/// Makes text of a sequence's tokens and looks for stop strings in it, wherever tokens begin and end. What may become a stop
/// string is held back until it is certain.
/// </summary>
internal sealed class TextStream
{
    private readonly TokenDecoder _decoder;
    private readonly IReadOnlyList<string> _stops;
    private readonly StringBuilder _all = new();
    private string _held = "";

    /// <param name="tokenizer">Makes the text.</param>
    /// <param name="prompt">What comes before: decoders treat the first token of a text differently.</param>
    /// <param name="stops">Texts that stop; not empty ones.</param>
    public TextStream(Tokenizer tokenizer, ReadOnlySpan<int> prompt, IReadOnlyList<string> stops)
    {
        (_decoder, _stops) = (tokenizer.CreateDecoder(), stops);
        foreach (int token in prompt)
            _decoder.Append(token);
    }

    private TextStream(TextStream other)
    {
        (_decoder, _stops, _held) = (other._decoder.Copy(), other._stops, other._held);
        _all.Append(other._all);
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
    public string Append(int token, bool mayStop, out bool stopped) =>
        Release(_held + _decoder.Append(token), mayStop, out stopped);

    /// <summary>Ends the text and returns what was held back; it may still reach a stop string.</summary>
    public string Flush(bool mayStop, out bool stopped)
    {
        string rest = Release(_held + _decoder.Flush(), mayStop, out stopped);
        if (stopped)
            return rest;
        rest += _held;
        _all.Append(_held);
        _held = "";
        return rest;
    }

    private string Release(string text, bool mayStop, out bool stopped)
    {
        int stop = mayStop ? StopIn(text) : -1;
        stopped = stop >= 0;
        int end = stopped ? stop : text.Length - (mayStop ? LongestStart(text) : 0);

        _held = stopped ? "" : text[end..];
        _all.Append(text, 0, end);
        return text[..end];
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
