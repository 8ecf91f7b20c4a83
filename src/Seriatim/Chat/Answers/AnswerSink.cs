using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Takes what a format reads, gives it on as deltas, and keeps what there is of the answer.</summary>
internal sealed class AnswerSink
{
    private readonly StringBuilder _content = new(), _reasoning = new(), _arguments = new();
    private readonly List<ToolCall> _calls = [];
    private readonly List<string> _malformed = [];
    private readonly List<AnswerDelta> _deltas = [];
    private readonly TextFlow _contentFlow, _reasoningFlow;
    private readonly string _prefix;
    private int _begun;

    /// <param name="tools">The tools that were offered: some formats leave it to their schemas what a value is.</param>
    /// <param name="prefix">What the ids of the calls begin with.</param>
    public AnswerSink(IReadOnlyList<ChatTool> tools, string prefix)
    {
        (Tools, _prefix) = (tools, prefix);
        _contentFlow = new TextFlow(text => Give(_content, text, new AnswerDelta.Content(text)));
        _reasoningFlow = new TextFlow(text => Give(_reasoning, text, new AnswerDelta.Reasoning(text))) { HasMarks = true };
    }

    /// <summary>The tools.</summary>
    public IReadOnlyList<ChatTool> Tools { get; }

    /// <summary>Whether nothing behind the first call counts.</summary>
    public bool OneCall { get; set; }

    /// <summary>Whether what comes next is thought, as far as is known.</summary>
    public bool IsThinking { get; set; }

    /// <summary>Whether the text is held to a form, so that marks in it are text.</summary>
    public bool HasForm { get; init; }

    /// <summary>Text so far.</summary>
    public string Text => $"{_content}";

    /// <summary>Reasoning so far.</summary>
    public string Thoughts => $"{_reasoning}";

    /// <summary>Complete calls so far.</summary>
    public IReadOnlyList<ToolCall> Calls => _calls;

    /// <summary>Blocks that cannot be read.</summary>
    public IReadOnlyList<string> MalformedBlocks => _malformed;

    /// <summary>The call that was cut off; null: none.</summary>
    public AnswerDelta.Incomplete? CutCall { get; private set; }

    /// <summary>The tool of the call in progress; null: there is none.</summary>
    public string? OpenCall { get; private set; }

    /// <summary>What came of the arguments of the call in progress.</summary>
    public string OpenArguments => $"{_arguments}";

    /// <summary>Text for the user.</summary>
    public void Content(string text)
    {
        if (!IsFull)
            _contentFlow.Put(text);
    }

    /// <summary>What the model thinks.</summary>
    public void Reasoning(string text)
    {
        if (!IsFull)
            _reasoningFlow.Put(text);
    }

    /// <summary>A mark was passed.</summary>
    public void PassMark() => _contentFlow.HasMarks = true;

    /// <summary>The tool of a call is known.</summary>
    public void Begin(string name)
    {
        PassMark();
        OpenCall = name;
        _arguments.Clear();
        Add(new AnswerDelta.CallBegin(_begun, $"{_prefix}_{_begun}", name));
    }

    /// <summary>More of the arguments of the call in progress, as JSON text.</summary>
    public void Arguments(string text)
    {
        if (text.Length == 0)
            return;
        _arguments.Append(text);
        Add(new AnswerDelta.Arguments(_begun, text));
    }

    /// <summary>The call in progress is complete.</summary>
    /// <returns>Whether its arguments are a JSON object; if not, it is still in progress.</returns>
    public bool End()
    {
        if (!TryParse($"{_arguments}", out JsonElement arguments))
            return false;
        var call = new ToolCall { Id = $"{_prefix}_{_begun}", Name = OpenCall!, Arguments = arguments };
        OpenCall = null;
        if (IsFull)
            return true;
        Add(new AnswerDelta.CallEnd(_begun++, call));
        _calls.Add(call);
        return true;
    }

    /// <summary>A block cannot be read; if a call was in progress, it is none.</summary>
    public void Malformed(string body)
    {
        PassMark();
        body = body.Trim();
        if (!IsFull)
        {
            _malformed.Add(body);
            Add(new AnswerDelta.Malformed(body, OpenCall is null ? null : _begun++));
        }

        OpenCall = null;
    }

    /// <summary>The limit of tokens was reached within a call.</summary>
    public void Incomplete(string? name, string arguments)
    {
        OpenCall = null;
        if (IsFull)
            return;
        CutCall = new AnswerDelta.Incomplete(name, arguments);
        Add(CutCall);
    }

    /// <summary>The answer has ended.</summary>
    public void Finish()
    {
        _contentFlow.End();
        _reasoningFlow.End();
    }

    /// <summary>What came since it was asked last.</summary>
    public IReadOnlyList<AnswerDelta> Drain()
    {
        AnswerDelta[] deltas = [.. _deltas];
        _deltas.Clear();
        return deltas;
    }

    /// <summary>Reads a JSON object.</summary>
    public static bool TryParse(string text, out JsonElement json)
    {
        try
        {
            json = JsonElement.Parse(text);
            return json.ValueKind == JsonValueKind.Object && JsonText.HasWholeTexts(json);
        }
        catch (JsonException)
        {
            json = default;
            return false;
        }
    }

    /// <summary>Whether what follows does not count.</summary>
    private bool IsFull => OneCall && _calls.Count > 0;

    private void Add(AnswerDelta delta)
    {
        if (!IsFull)
            _deltas.Add(delta);
    }

    private void Give(StringBuilder all, string text, AnswerDelta delta)
    {
        all.Append(text);
        _deltas.Add(delta);
    }
}
