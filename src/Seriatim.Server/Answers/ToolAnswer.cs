namespace Seriatim.Server;

/// <summary>An answer that may call tools.</summary>
/// <param name="prefix">What the ids of its calls begin with.</param>
internal sealed class ToolAnswer(string prefix) : IAnswerReader
{
    private readonly ToolCallReader _reader = new(prefix);
    private int _told;

    public bool HasCalls => _reader.Calls.Count > 0;

    public void Push(string text, List<AnswerPart> parts) => Tell(_reader.Push(text), parts);

    public void Flush(bool isCut, List<AnswerPart> parts) => Tell(_reader.Flush(isCut), parts);

    private void Tell(string text, List<AnswerPart> parts)
    {
        if (text.Length > 0)
            parts.Add(new AnswerPart(AnswerPartKind.Content, text));
        for (; _told < _reader.Calls.Count; _told++)
        {
            ToolCall call = _reader.Calls[_told];
            parts.Add(new AnswerPart(AnswerPartKind.CallBegin, "") { Call = _told, CallId = call.Id, Tool = call.Name });
            parts.Add(new AnswerPart(AnswerPartKind.CallArguments, call.Arguments.GetRawText()) { Call = _told });
        }
    }
}
