using System.Globalization;
using System.Text;

namespace Seriatim.Cli;

/// <summary>
/// The text that is being written and a place in it. Steps are what people see as one sign: a letter with its marks, an emoji.
/// </summary>
internal sealed class LineBuffer
{
    private readonly StringBuilder _text = new();

    public string Text => $"{_text}";

    /// <summary>Place in the text, in UTF-16 units; never inside a sign.</summary>
    public int Cursor { get; private set; }

    public bool IsEmpty => _text.Length == 0;

    /// <summary>Replaces everything; the place is the end.</summary>
    public void Set(string text)
    {
        _text.Clear().Append(text);
        Cursor = _text.Length;
    }

    public void Insert(string text)
    {
        _text.Insert(Cursor, text);
        Cursor += text.Length;

        // A second half of an emoji or a mark joins the sign before it; the place is behind both.
        Cursor = Next(Previous(Cursor));
    }

    public void Backspace() => Remove(Previous(Cursor), Cursor);

    public void Delete() => Remove(Cursor, Next(Cursor));

    public void Left() => Cursor = Previous(Cursor);

    public void Right() => Cursor = Next(Cursor);

    public void WordLeft() => Cursor = WordStart();

    public void WordRight()
    {
        while (Cursor < _text.Length && !char.IsLetterOrDigit(_text[Cursor]))
            Right();
        while (Cursor < _text.Length && char.IsLetterOrDigit(_text[Cursor]))
            Right();
    }

    /// <summary>To the beginning of the line that the place is in.</summary>
    public void Home() => Cursor = LineStart(Cursor);

    /// <summary>To the end of the line that the place is in.</summary>
    public void End() => Cursor = LineEnd(Cursor);

    public void KillToStart() => Remove(LineStart(Cursor), Cursor);

    public void KillToEnd()
    {
        int end = LineEnd(Cursor);
        Remove(Cursor, end == Cursor && end < _text.Length ? end + 1 : end);
    }

    public void KillWord() => Remove(BlankStart(), Cursor);

    public void Clear() => Set("");

    /// <summary>A line up; false in the first.</summary>
    public bool Up()
    {
        int start = LineStart(Cursor);
        if (start == 0)
            return false;
        MoveTo(LineStart(start - 1), Cursor - start);
        return true;
    }

    /// <summary>A line down; false in the last.</summary>
    public bool Down()
    {
        int end = LineEnd(Cursor);
        if (end == _text.Length)
            return false;
        MoveTo(end + 1, Cursor - LineStart(Cursor));
        return true;
    }

    private void MoveTo(int start, int column)
    {
        int wanted = Math.Min(start + column, LineEnd(start));
        Cursor = start;
        while (Cursor < wanted)
            Right();
    }

    private void Remove(int from, int to)
    {
        _text.Remove(from, to - from);
        Cursor = from;
    }

    private int LineStart(int place)
    {
        while (place > 0 && _text[place - 1] != '\n')
            place--;
        return place;
    }

    private int LineEnd(int place)
    {
        while (place < _text.Length && _text[place] != '\n')
            place++;
        return place;
    }

    private int WordStart()
    {
        int place = Cursor;
        while (place > 0 && !char.IsLetterOrDigit(_text[place - 1]))
            place = Previous(place);
        while (place > 0 && char.IsLetterOrDigit(_text[place - 1]))
            place = Previous(place);
        return place;
    }

    /// <summary>Ctrl-W goes to the blank before, as in shells.</summary>
    private int BlankStart()
    {
        int place = Cursor;
        while (place > 0 && char.IsWhiteSpace(_text[place - 1]))
            place--;
        while (place > 0 && !char.IsWhiteSpace(_text[place - 1]))
            place--;
        return place;
    }

    private int Next(int place) =>
        place >= _text.Length ? _text.Length : place + StringInfo.GetNextTextElementLength(Text.AsSpan(place));

    private int Previous(int place)
    {
        string text = Text;
        int last = 0;
        for (int at = 0; at < place && at < text.Length; at += StringInfo.GetNextTextElementLength(text.AsSpan(at)))
            last = at;
        return place == 0 ? 0 : last;
    }
}
