namespace Seriatim;

/// <summary>An answer as it comes: what of it is not read yet, and the ways to read on.</summary>
internal sealed class AnswerText
{
    private readonly Stack<IEnumerator<Pause>> _reading = [];

    /// <summary>What is not read yet.</summary>
    public string Held { get; private set; } = "";

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
        Held += text;
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
        string taken = Held[..length];
        Held = Held[length..];
        return taken;
    }

    /// <summary>Text that was read and is to be read once more.</summary>
    public void PutBack(string text) => Held = text + Held;

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

    /// <summary>Length of the longest end of a text that is a proper beginning of one of some marks.</summary>
    public static int BeginningAtEnd(string text, IEnumerable<string> marks)
    {
        int longest = 0;
        foreach (string mark in marks)
        {
            for (int length = Math.Min(text.Length, mark.Length - 1); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(mark.AsSpan(0, length)))
                    longest = length;
            }
        }

        return longest;
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
            string space = Take(Held.Length - Held.AsSpan().TrimStart().Length);
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
                if (at > 0)
                    put(Held[..at]);
                (Held, Found) = (Held[(at + mark.Length)..], mark);
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
            Found = marks.FirstOrDefault(mark => Held.StartsWith(mark, StringComparison.Ordinal));
            bool mayCome = Found is null && marks.Any(mark => mark.StartsWith(Held, StringComparison.Ordinal));
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
            int at = Held.IndexOf(mark, StringComparison.Ordinal);
            if (at >= 0 && at < first.At)
                first = (at, mark);
        }

        return first;
    }
}
