using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Reads an answer as it comes: what is text, what reasoning, and what calls of tools. Marks of the format never come out, not
/// even in part; only what may become one is held back.
/// </summary>
internal sealed class AnswerReader
{
    private readonly AnswerText _text = new();
    private readonly AnswerSink _sink;

    /// <param name="format">The format of the model's answers.</param>
    /// <param name="tools">The tools that were offered.</param>
    /// <param name="prefix">What the ids of calls begin with.</param>
    /// <param name="startsInReasoning">Whether the prompt has opened the reasoning.</param>
    /// <param name="hasForm">Whether a grammar holds the text to a form: once it has begun, nothing else follows, and what looks
    /// like a mark in it is text.</param>
    public AnswerReader(
        AnswerFormat format, IReadOnlyList<ChatTool> tools, string prefix, bool startsInReasoning, bool hasForm = false)
    {
        Format = format;
        _sink = new AnswerSink(tools, prefix) { HasForm = hasForm };
        bool endsInText = hasForm && format.Tools is not { HoldsReasoning: true };
        _text.ReadBy(format.IsPlain ? Copy() : endsInText ? ReadForm(startsInReasoning) : Read(startsInReasoning));
    }

    /// <summary>The format.</summary>
    public AnswerFormat Format { get; }

    /// <summary>Whether nothing behind the first call counts.</summary>
    public bool OneCall { get => _sink.OneCall; init => _sink.OneCall = value; }

    /// <summary>Text for the user so far.</summary>
    public string Text => _sink.Text;

    /// <summary>What the model thought so far.</summary>
    public string Reasoning => _sink.Thoughts;

    /// <summary>Whether the model is thinking, as far as it is known.</summary>
    public bool IsThinking => _sink.IsThinking;

    /// <summary>Complete calls so far.</summary>
    public IReadOnlyList<ToolCall> Calls => _sink.Calls;

    /// <summary>Blocks that were closed and cannot be read.</summary>
    public IReadOnlyList<string> Malformed => _sink.MalformedBlocks;

    /// <summary>The call in which the answer was cut off; null: in none.</summary>
    public AnswerDelta.Incomplete? Incomplete => _sink.CutCall;

    /// <summary>More of the answer.</summary>
    /// <returns>What is certain now.</returns>
    public IReadOnlyList<AnswerDelta> Push(string text)
    {
        if (text.Length > 0)
            _text.Append(text);
        return _sink.Drain();
    }

    /// <summary>The end of the answer.</summary>
    /// <param name="cut">Whether a limit ended it, not the model: then a call that has begun is incomplete, not
    /// malformed.</param>
    /// <returns>What was held back.</returns>
    public IReadOnlyList<AnswerDelta> End(bool cut)
    {
        _text.End(cut);
        _sink.Finish();
        return _sink.Drain();
    }

    /// <summary>An answer without marks.</summary>
    private IEnumerable<Pause> Copy()
    {
        yield return _text.Rest(_sink.Content);
    }

    /// <summary>Reasoning, then calls or a text that is held to a form.</summary>
    private IEnumerable<Pause> ReadForm(bool startsInReasoning)
    {
        if (!startsInReasoning && Format.Reasoning is { } marks)
        {
            yield return _text.Next(marks.Open);
            startsInReasoning = _text.Found is not null;
        }

        if (startsInReasoning)
            yield return Thoughts();
        if (Format.Tools is { } tools)
        {
            yield return _text.SkipSpace(_sink.Content);
            yield return new Pause(tools.ReadStart(_text, _sink));
            yield return _text.Next(tools.Openings);
            while (_text.Found is { } mark)
            {
                _sink.PassMark();
                yield return new Pause(tools.Read(mark, _text, _sink));
                yield return _text.SkipSpace();
                yield return _text.Next(tools.Openings);
            }
        }

        yield return _text.Rest(_sink.Content);
        if (!_text.Cut)
            _sink.Content(_text.Broken);
        EndCut();
    }

    private IEnumerable<Pause> Read(bool startsInReasoning)
    {
        IReadOnlyList<string> marks = [.. Format.Tools?.Marks ?? [], .. Format.Reasoning?.Marks ?? []];
        if (startsInReasoning)
            yield return Thoughts();
        else if (Format.Tools is { } tools)
            yield return new Pause(tools.ReadStart(_text, _sink));
        while (true)
        {
            yield return _text.Until(marks, _sink.Content);
            if (_text.Found is not { } mark)
                break;
            _sink.PassMark();
            if (mark == Format.Reasoning?.Open)
                yield return Thoughts();
            else if (Format.Tools is { } format && format.Openings.Contains(mark))
                yield return new Pause(format.Read(mark, _text, _sink));
        }

        EndCut();
    }

    /// <summary>Where a limit has cut a mark in two, it is no text, and perhaps the beginning of a call.</summary>
    private void EndCut()
    {
        if (!_text.Cut || _text.Broken.Length == 0)
            return;
        _sink.PassMark();
        if (_sink.CutCall is null && Format.Tools is { } last
            && last.Openings.Any(opening => opening.StartsWith(_text.Broken, StringComparison.Ordinal)))
        {
            _sink.Incomplete(null, "");
        }
    }

    private Pause Thoughts()
    {
        _sink.PassMark();
        return new Pause(ThoughtSteps());
    }

    private IEnumerable<Pause> ThoughtSteps()
    {
        _sink.IsThinking = true;
        yield return _text.Until([Format.Reasoning!.Close], _sink.Reasoning);
        _sink.IsThinking = false;
    }
}
