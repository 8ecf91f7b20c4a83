using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>An answer in the form of the model's chat template: text, reasoning, calls of tools.</summary>
/// <param name="reader">Reads the form.</param>
internal sealed class ModelAnswer(AnswerReader reader) : IAnswerReader
{
    public bool HasCalls => reader.Calls.Count > 0;

    public bool IsThinking => reader.IsThinking;

    public void Push(string text, List<AnswerPart> parts) => Tell(reader.Push(text), parts);

    public void Flush(FinishReason finish, List<AnswerPart> parts) => Tell(reader.End(AnswerPlan.IsCut(finish)), parts);

    private static void Tell(IEnumerable<Seriatim.AnswerDelta> deltas, List<AnswerPart> parts)
    {
        foreach (Seriatim.AnswerDelta delta in deltas)
        {
            if (Part(delta) is { } part)
                parts.Add(part);
        }
    }

    private static AnswerPart? Part(Seriatim.AnswerDelta delta) => delta switch
    {
        Seriatim.AnswerDelta.Content content => new AnswerPart(AnswerPartKind.Content, content.Text),
        Seriatim.AnswerDelta.Reasoning thought => new AnswerPart(AnswerPartKind.Reasoning, thought.Text),
        Seriatim.AnswerDelta.CallBegin call =>
            new AnswerPart(AnswerPartKind.CallBegin, "") { Call = call.Index, CallId = call.Id, Tool = call.Name },
        Seriatim.AnswerDelta.Arguments arguments =>
            new AnswerPart(AnswerPartKind.CallArguments, arguments.Text) { Call = arguments.Index },
        Seriatim.AnswerDelta.CallEnd call => new AnswerPart(AnswerPartKind.CallEnd, "") { Call = call.Index },
        Seriatim.AnswerDelta.Malformed block =>
            new AnswerPart(AnswerPartKind.Malformed, block.Text) { Call = block.Index ?? AnswerPart.NoCall },
        _ => null,
    };
}
