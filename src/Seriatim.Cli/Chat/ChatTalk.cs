using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>A conversation on the command line, and the request that goes on with it.</summary>
/// <param name="conversation">What was said.</param>
/// <param name="settings">Everything but the prompt.</param>
/// <param name="remembers">
/// False: each message is a text of its own that is continued, for models that know no conversations.
/// </param>
internal sealed class ChatTalk(Conversation conversation, Func<GenerationRequest, GenerationRequest> settings, bool remembers)
{
    public IReadOnlyList<ChatTurn> Messages => conversation.Turns;

    public bool Remembers => remembers;

    /// <summary>Most tokens of a sequence; null: not limited.</summary>
    public int? Context => conversation.Model.Model.Spec.Context is var context && context == int.MaxValue ? null : context;

    /// <summary>Begins an answer.</summary>
    public (GenerationRequest Request, GenerationHandle Handle) Ask(string message, CancellationToken cancellation)
    {
        LanguageModel model = conversation.Model;
        conversation.Add(new ChatTurn("user", message));
        try
        {
            GenerationRequest request = settings(remembers ? conversation.Request() : model.Request(message));
            return (request, remembers ? model.SubmitChat(request, cancellation) : model.Submit(request, cancellation));
        }
        catch
        {
            conversation.Rewind();
            throw;
        }
    }

    public void Answered(string text) => conversation.Add(new ChatTurn("assistant", text.Trim()));

    /// <summary>Takes the last message and its answer back; gives the message, if there was one.</summary>
    public string? TakeBack() => conversation.Rewind();

    public void Reset() => conversation.Clear();
}
