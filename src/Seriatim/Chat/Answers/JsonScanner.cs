namespace Seriatim;

/// <summary>
/// Finds the end of a JSON object or list as its text comes. It knows strings and brackets, and which characters stand outside
/// strings at all; whether the whole is JSON, a parser says in the end.
/// </summary>
internal sealed class JsonScanner
{
    private readonly Stack<char> _closers = [];
    private bool _escaped;

    /// <summary>How deep the next character lies in objects and lists.</summary>
    public int Depth => _closers.Count;

    /// <summary>Whether the next character belongs to a string.</summary>
    public bool InString { get; private set; }

    /// <summary>Whether the value has ended.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Takes the next character.</summary>
    /// <returns>Whether it can stand there.</returns>
    public bool Take(char next)
    {
        if (InString)
            return TakeInString(next);
        switch (next)
        {
            case '{' or '[':
                _closers.Push(next == '{' ? '}' : ']');
                return true;
            case '}' or ']':
                if (!_closers.TryPop(out char closer) || closer != next)
                    return false;
                IsDone = _closers.Count == 0;
                return true;
            case '"':
                InString = true;
                return true;
            default:
                return char.IsWhiteSpace(next) || char.IsAsciiLetterOrDigit(next) || next is ':' or ',' or '-' or '+' or '.';
        }
    }

    /// <summary>Takes as much of a text as belongs to the value.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fits">Whether it can still become one.</param>
    /// <returns>How many characters.</returns>
    public int Read(ReadOnlySpan<char> text, out bool fits)
    {
        fits = true;
        int at = 0;
        while (at < text.Length && !IsDone && (fits = Take(text[at])))
            at++;
        return at;
    }

    private bool TakeInString(char next)
    {
        if (_escaped)
            _escaped = false;
        else if (next == '\\')
            _escaped = true;
        else if (next == '"')
            InString = false;
        return next >= ' ';
    }
}
