using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>An answer that is text and nothing else.</summary>
internal sealed class PlainAnswer : IAnswerReader
{
    public bool HasCalls => false;

    public bool IsThinking => false;

    public void Push(string text, List<AnswerPart> parts)
    {
        if (text.Length > 0)
            parts.Add(new AnswerPart(AnswerPartKind.Content, text));
    }

    public void Flush(FinishReason finish, List<AnswerPart> parts)
    {
    }
}
