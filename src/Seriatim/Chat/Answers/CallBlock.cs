using System.Text;

namespace Seriatim;

/// <summary>
/// One block of an answer that should hold a call. A format says what it is made of, part by part; what is no call becomes a
/// malformed block when its end is found, and an incomplete one if the answer was cut off before.
/// </summary>
/// <param name="text">The answer.</param>
/// <param name="sink">Takes the call.</param>
internal sealed class CallBlock(AnswerText text, AnswerSink sink)
{
    private readonly StringBuilder _raw = new();
    private string? _name;

    /// <summary>Whether a call was read.</summary>
    public bool IsRead { get; private set; }

    /// <summary>The mark that was found and passed last; null: none, or one that ends the block.</summary>
    public string? Found { get; private set; }

    /// <summary>Reads text that belongs to the format up to a mark; <see cref="Found"/> tells which.</summary>
    /// <param name="marks">The marks.</param>
    /// <param name="put">Takes the text.</param>
    /// <param name="ends">Marks that end the block too early, and are left where they are.</param>
    public Pause Until(IReadOnlyList<string> marks, Action<string> put, params IReadOnlyList<string> ends) =>
        new(UntilSteps(marks, put, ends));

    /// <summary>Passes one of some marks if it comes next, perhaps after white space; <see cref="Found"/> tells which.</summary>
    public Pause Next(params IReadOnlyList<string> marks) => new(NextSteps(marks));

    /// <summary>Gives the mark back that was found last.</summary>
    public void Unread()
    {
        text.PutBack(Found!);
        _raw.Length -= Found!.Length;
    }

    /// <summary>The tool is known; its arguments come.</summary>
    public void Begin(string name) => sink.Begin(_name = name);

    /// <summary>The arguments are complete.</summary>
    public void End() => IsRead = sink.End();

    /// <summary>Reads the arguments of the tool as a JSON object.</summary>
    public Pause Arguments(string name)
    {
        Begin(name.Trim());
        return new Pause(ArgumentsSteps());
    }

    /// <summary>Reads a JSON object with the name and the arguments.</summary>
    public Pause Object() => new(ObjectSteps());

    /// <summary>Passes the end of the block, at the latest at one of some marks.</summary>
    /// <param name="passed">Marks that belong to the block.</param>
    /// <param name="kept">Marks at which it ends, and that are read by whoever comes next.</param>
    public Pause Close(IReadOnlyList<string> passed, params IReadOnlyList<string> kept) => new(CloseSteps(passed, kept));

    private IEnumerable<Pause> UntilSteps(IReadOnlyList<string> marks, Action<string> put, IReadOnlyList<string> ends)
    {
        yield return text.Until([.. marks, .. ends], piece =>
        {
            _raw.Append(piece);
            put(piece);
        });
        Found = text.Found;
        if (Found is not null && ends.Contains(Found))
        {
            text.PutBack(Found);
            Found = null;
        }

        _raw.Append(Found);
    }

    private IEnumerable<Pause> NextSteps(IReadOnlyList<string> marks)
    {
        yield return text.SkipSpace(space => _raw.Append(space));
        yield return text.Next(marks);
        Found = text.Found;
        _raw.Append(Found);
    }

    private IEnumerable<Pause> ArgumentsSteps()
    {
        var scanner = new JsonScanner();
        yield return text.SkipSpace(space => _raw.Append(space));
        if (text.Held.StartsWith('{'))
        {
            yield return text.Scan(scanner.Read, () => scanner.IsDone, piece =>
            {
                _raw.Append(piece);
                sink.Arguments(piece);
            });
        }

        if (scanner.IsDone)
            End();
    }

    private IEnumerable<Pause> ObjectSteps()
    {
        var call = new CallObject(sink);
        yield return text.SkipSpace(space => _raw.Append(space));
        if (text.Held.StartsWith('{'))
        {
            yield return text.Scan(call.Read, () => call.IsDone, piece =>
            {
                _raw.Append(piece);
                _name = call.Name;
            });
        }

        IsRead = call.IsDone && call.Finish(needsArguments: false);
        if (!call.IsDone && sink.OpenCall is null && text.IsOver && text.Cut)
            sink.Incomplete(_name, call.ArgumentsText);
    }

    private IEnumerable<Pause> CloseSteps(IReadOnlyList<string> passed, IReadOnlyList<string> kept)
    {
        if (IsRead)
        {
            yield return text.SkipSpace();
            yield return text.Next(passed);
            yield break;
        }

        bool isClosed = false;
        if (!text.IsOver)
        {
            yield return text.Until([.. passed, .. kept], piece => _raw.Append(piece));
            isClosed = text.Found is not null;
            if (text.Found is { } mark && kept.Contains(mark))
                text.PutBack(mark);
        }

        if (isClosed || !text.Cut)
            sink.Malformed($"{_raw}");
        else if (sink.CutCall is null)
            sink.Incomplete(_name, sink.OpenCall is null ? "" : sink.OpenArguments);
    }
}
