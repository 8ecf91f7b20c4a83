namespace Seriatim;

/// <summary>An answer as it comes: what of it is not read yet, and the ways to read on.</summary>
internal sealed class AnswerText
{
    /// <summary>Takes from the front of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fits">Whether what comes next can stand there.</param>
    /// <returns>How many characters.</returns>
    public delegate int Scanning(ReadOnlySpan<char> text, out bool fits);

    private readonly Stack<IEnumerator<Pause>> _reading = [];
    private char[] _letters = new char[64];
    private int _start, _end;

    /// <summary>What is not read yet; good until more is read or comes.</summary>
    public ReadOnlySpan<char> Held => _letters.AsSpan(_start, _end - _start);

    /// <summary>Whether no more will come.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether it was the limit of tokens that ended it.</summary>
    public bool Cut { get; private set; }

    /// <summary>The mark that <see cref="Until"/> or <see cref="Next"/> has found and passed; null: none.</summary>
    public string? Found { get; private set; }

    /// <summary>The proper beginning of a mark at the end of the answer, where it can be nothing else; it is no text.</summary>
    public string Broken { get; private set; } = "";

    /// <summary>Whether nothing is left.</summary>
    public bool IsOver => Ended && Held.Length == 0;

    /// <summary>Who reads.</summary>
    public void ReadBy(IEnumerable<Pause> reader) => _reading.Push(reader.GetEnumerator());

    /// <summary>More of the answer.</summary>
    public void Append(string text)
    {
        if (_end + text.Length > _letters.Length)
            Move(0, text.Length);
        text.CopyTo(_letters.AsSpan(_end));
        _end += text.Length;
        Resume();
    }

    /// <summary>The end of the answer.</summary>
    public void End(bool cut)
    {
        (Ended, Cut) = (true, cut);
        Resume();
    }

    /// <summary>Passes the first characters of what is held.</summary>
    public string Take(int length)
    {
        var taken = new string(Held[..length]);
        _start += length;
        return taken;
    }

    /// <summary>Text that was read and is to be read once more.</summary>
    public void PutBack(string text)
    {
        if (text.Length > _start)
            Move(text.Length, 0);
        _start -= text.Length;
        text.CopyTo(_letters.AsSpan(_start));
    }

    /// <summary>Gives all that comes.</summary>
    public Pause Rest(Action<string> put) => new(RestSteps(put));

    /// <summary>Passes white space.</summary>
    /// <param name="put">Takes it; null: nobody.</param>
    public Pause SkipSpace(Action<string>? put = null) => new(SkipSpaceSteps(put));

    /// <summary>
    /// Gives the text before the first of some marks as it comes, and passes the mark. Only a beginning of a mark is held back.
    /// </summary>
    public Pause Until(IReadOnlyList<string> marks, Action<string> put) => new(UntilSteps(marks, put));

    /// <summary>
    /// Passes one of some marks if it comes next, also what there is of one where the answer ends; else nothing is passed.
    /// </summary>
    public Pause Next(params IReadOnlyList<string> marks) => new(NextSteps(marks));

    /// <summary>Passes what a reader takes as it comes, until it has done, meets what does not fit, or the answer ends.</summary>
    /// <param name="read">Takes from the front of a text, and says how many characters.</param>
    /// <param name="isDone">Whether it has done.</param>
    /// <param name="put">Takes what was passed.</param>
    public Pause Scan(Scanning read, Func<bool> isDone, Action<string> put) => new(ScanSteps(read, isDone, put));

    /// <summary>Length of the longest end of a text that is a proper beginning of one of some marks.</summary>
    public static int BeginningAtEnd(ReadOnlySpan<char> text, IEnumerable<string> marks)
    {
        int longest = 0;
        foreach (string mark in marks)
        {
            for (int length = Math.Min(text.Length, mark.Length - 1); length > longest; length--)
            {
                if (text[^length..].SequenceEqual(mark.AsSpan(0, length)))
                    longest = length;
            }
        }

        return longest;
    }

    /// <summary>Makes room before what is held and behind it; it grows by doubling, so that pieces cost no more than their
    /// length.</summary>
    private void Move(int before, int behind)
    {
        int length = _end - _start, needed = before + length + behind;
        char[] letters = needed > _letters.Length / 2 ? new char[needed * 2] : _letters;
        Held.CopyTo(letters.AsSpan(before));
        (_letters, _start, _end) = (letters, before, before + length);
    }

    private IEnumerable<Pause> RestSteps(Action<string> put)
    {
        while (true)
        {
            if (Held.Length > 0)
                put(Take(Held.Length));
            if (Ended)
                yield break;
            yield return Pause.More;
        }
    }

    private void Resume()
    {
        while (_reading.TryPeek(out IEnumerator<Pause>? reader))
        {
            if (!reader.MoveNext())
                _reading.Pop();
            else if (reader.Current.Inner is { } inner)
                _reading.Push(inner.GetEnumerator());
            else if (!Ended)
                return;
        }
    }

    private IEnumerable<Pause> SkipSpaceSteps(Action<string>? put)
    {
        while (true)
        {
            string space = Take(Held.Length - Held.TrimStart().Length);
            put?.Invoke(space);
            if (Held.Length > 0 || Ended)
                yield break;
            yield return Pause.More;
        }
    }

    private IEnumerable<Pause> UntilSteps(IReadOnlyList<string> marks, Action<string> put)
    {
        Found = null;
        while (true)
        {
            (int at, string? mark) = First(marks);
            if (mark is not null)
            {
                string before = Take(at);
                if (at > 0)
                    put(before);
                Take(mark.Length);
                Found = mark;
                yield break;
            }

            int beginning = BeginningAtEnd(Held, marks);
            int certain = Ended && !Cut ? Held.Length : Held.Length - beginning;
            string text = Take(certain);
            if (text.Length > 0)
                put(text);
            if (Ended)
            {
                if (Cut)
                    Broken = Take(Held.Length);
                yield break;
            }

            yield return Pause.More;
        }
    }

    private IEnumerable<Pause> NextSteps(IReadOnlyList<string> marks)
    {
        Found = null;
        while (true)
        {
            Found = marks.FirstOrDefault(mark => Held.StartsWith(mark));
            bool mayCome = Found is null && marks.Any(mark => mark.AsSpan().StartsWith(Held));
            if (Found is not null)
                Take(Found.Length);
            else if (mayCome && Ended)
                Broken = Take(Held.Length);
            if (!mayCome || Ended)
                yield break;
            yield return Pause.More;
        }
    }

    private (int At, string? Mark) First(IReadOnlyList<string> marks)
    {
        (int At, string? Mark) first = (Held.Length, null);
        foreach (string mark in marks)
        {
            int at = Held.IndexOf(mark);
            if (at >= 0 && at < first.At)
                first = (at, mark);
        }

        return first;
    }

    private IEnumerable<Pause> ScanSteps(Scanning read, Func<bool> isDone, Action<string> put)
    {
        while (true)
        {
            int length = read(Held, out bool fits);
            put(Take(length));
            if (isDone() || !fits || Ended)
                yield break;
            yield return Pause.More;
        }
    }
}
