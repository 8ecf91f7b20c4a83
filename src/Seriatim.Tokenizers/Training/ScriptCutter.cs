using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Cuts text for training of SentencePiece-style vocabularies: before every visible space, and where the kind of character
/// changes (ideographs, kana, Hangul, other letters, digits, the rest), so that no piece mixes them. The space stays with what
/// follows it.
/// </summary>
internal ref struct ScriptCutter(ReadOnlySpan<char> text)
{
    private const char VisibleSpace = '\u2581';

    private readonly ReadOnlySpan<char> _text = text;
    private int _start;
    private int _end;

    /// <summary>The range found last.</summary>
    public readonly Range Current => _start.._end;

    /// <summary>For foreach.</summary>
    public readonly ScriptCutter GetEnumerator() => this;

    /// <summary>Finds the next range.</summary>
    public bool MoveNext()
    {
        _start = _end;
        if (_start >= _text.Length)
        {
            return false;
        }

        int at = _start;
        while (at < _text.Length && _text[at] == VisibleSpace)
        {
            at++;
        }

        int kind = -1;
        while (at < _text.Length && _text[at] != VisibleSpace)
        {
            Rune.DecodeFromUtf16(_text[at..], out Rune rune, out int used);
            int now = KindOf(rune);
            if (kind >= 0 && now != kind)
            {
                break;
            }

            kind = now;
            at += used;
        }

        _end = at;
        return true;
    }

    private static int KindOf(Rune rune)
    {
        int c = rune.Value;
        byte classes = CharClasses.Of(rune);
        if (CharClasses.IsIdeograph(c))
        {
            return 1;
        }

        if ((classes & (CharClasses.Letter | CharClasses.Mark)) != 0)
        {
            return c is >= 0x3040 and <= 0x30FF ? 2 : c is >= 0xAC00 and <= 0xD7A3 ? 3 : c < 0x250 ? 4 : c < 0x530 ? 5 : 6;
        }

        return (classes & CharClasses.Number) != 0 ? 7 : (classes & CharClasses.Space) != 0 ? 8 : 9;
    }
}
