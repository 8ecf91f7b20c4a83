using System.Text;
using System.Text.Json;

namespace Seriatim;

/// <summary>
/// A call written as a JSON object with <c>name</c> and <c>arguments</c> (or <c>parameters</c>, in any order), read as it comes.
/// The call begins when its name is known and its arguments have begun.
/// </summary>
/// <param name="sink">Takes the call.</param>
internal sealed class CallObject(AnswerSink sink)
{
    private readonly JsonScanner _scanner = new();
    private readonly StringBuilder _part = new(), _waiting = new();
    private string? _key;
    private bool _inArguments, _hasArguments, _isRefused;

    /// <summary>The tool; null: not known yet.</summary>
    public string? Name { get; private set; }

    /// <summary>What came of the arguments.</summary>
    public string ArgumentsText => sink.OpenCall is null ? $"{_waiting}" : sink.OpenArguments;

    /// <summary>Whether it is clear that this is a call.</summary>
    public bool IsCall => Name is not null && _hasArguments;

    /// <summary>Whether the object has ended.</summary>
    public bool IsDone => _scanner.IsDone;

    private bool IsArguments => _key is "arguments" or "parameters";

    /// <summary>Takes as much of a text as belongs to the object.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fits">Whether it can still become an object.</param>
    /// <returns>How many characters.</returns>
    public int Read(ReadOnlySpan<char> text, out bool fits)
    {
        fits = true;
        int at = 0;
        while (at < text.Length && !IsDone && fits)
        {
            int depth = _scanner.Depth;
            bool inString = _scanner.InString;
            fits = _scanner.Take(text[at]);
            if (fits)
                Take(text[at++], depth, inString);
        }

        Send();
        return at;
    }

    /// <summary>The object has ended: gives the call.</summary>
    /// <param name="needsArguments">Whether an object without arguments is no call.</param>
    /// <returns>Whether it is one.</returns>
    public bool Finish(bool needsArguments)
    {
        if (Name is null || _isRefused || (needsArguments && !_hasArguments))
            return false;
        if (sink.OpenCall is null)
        {
            sink.Begin(Name);
            sink.Arguments("{}");
        }

        return sink.End();
    }

    /// <summary>A character, and where it stands.</summary>
    private void Take(char next, int depth, bool inString)
    {
        if (_inArguments)
        {
            _waiting.Append(next);
            _inArguments = _scanner.Depth > 1;
            return;
        }

        bool atTop = depth == 1 && !inString;
        if (atTop && next == ':')
        {
            _key = Text($"{_part}");
            _part.Clear();
        }
        else if (atTop && next is ',' or '}')
        {
            _isRefused |= IsArguments && !_hasArguments && $"{_part}".Trim() != "null";
            _key = null;
            _part.Clear();
        }
        else if (IsArguments && atTop && next == '{' && !_hasArguments)
        {
            (_inArguments, _hasArguments) = (true, true);
            _waiting.Append(next);
        }
        else if (depth >= 1)
        {
            _part.Append(next);
            if (depth == 1 && inString && !_scanner.InString && _key is not null)
                TakeString($"{_part}");
        }
    }

    /// <summary>A string that is a value of the object.</summary>
    private void TakeString(string json)
    {
        if (_key == "name")
            Name ??= Text(json);
        else if (IsArguments && !_hasArguments && Text(json) is { } text && AnswerSink.TryParse(text, out _))
            (_hasArguments, _) = (true, _waiting.Append(text.Trim()));
    }

    private void Send()
    {
        if (!IsCall)
            return;
        if (sink.OpenCall is null)
            sink.Begin(Name!);
        sink.Arguments($"{_waiting}");
        _waiting.Clear();
    }

    private static string? Text(string json)
    {
        try
        {
            return JsonElement.Parse(json) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
