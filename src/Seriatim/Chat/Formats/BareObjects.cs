using System.Text;

namespace Seriatim;

/// <summary>
/// Calls that are bare JSON objects, with semicolons between them. Until it is clear that an object is a call, it is held back;
/// one that is none is put back.
/// </summary>
/// <param name="text">The answer.</param>
/// <param name="sink">Takes the calls.</param>
internal sealed class BareObjects(AnswerText text, AnswerSink sink)
{
    /// <summary>What may stand before an object: white space of JSON. A grammar that allows text only where no call begins keeps
    /// to the same.</summary>
    public const string Spaces = " \t\r\n";

    /// <summary>Whether there was one.</summary>
    public bool Any { get; private set; }

    /// <summary>Reads as many as there are.</summary>
    public IEnumerable<Pause> Read()
    {
        var passed = new StringBuilder();
        while (true)
        {
            while (true)
            {
                int space = text.Held.IndexOfAnyExcept(Spaces.AsSpan());
                passed.Append(text.Take(space < 0 ? text.Held.Length : space));
                if (text.Held.Length > 0 || text.Ended)
                    break;
                yield return Pause.More;
            }

            if (!text.Held.StartsWith('{'))
                break;
            var call = new CallObject(sink);
            yield return text.Scan(call.Read, () => call.IsDone, piece => passed.Append(piece));
            if (!End(call, $"{passed}"))
                break;
            passed.Clear();
            yield return text.SkipSpace();
            if (!text.Held.StartsWith(';'))
                yield break;
            passed.Append(text.Take(1));
        }

        text.PutBack($"{passed}");
    }

    /// <summary>Whether it was a call, perhaps a broken one, and others may follow.</summary>
    private bool End(CallObject call, string passed)
    {
        if (call.IsCall && !call.IsDone && text.IsOver && text.Cut)
        {
            sink.Incomplete(call.Name, call.ArgumentsText);
            return Any = true;
        }

        if (call.IsDone && call.Finish(needsArguments: true))
            return Any = true;
        if (!call.IsCall)
            return false;
        sink.Malformed(passed);
        return Any = true;
    }
}
