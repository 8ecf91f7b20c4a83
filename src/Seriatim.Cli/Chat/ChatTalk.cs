using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>A conversation on the command line, and the request that goes on with it.</summary>
/// <param name="conversation">What was said.</param>
/// <param name="prompt">Its template.</param>
/// <param name="settings">Everything but the prompt.</param>
/// <param name="remembers">
/// False: each message is a text of its own that is continued, for models that know no conversations.
/// </param>
internal sealed class ChatTalk(Conversation conversation, ChatPromptOptions prompt,
    Func<GenerationRequest, GenerationRequest> settings, bool remembers)
{
    public IReadOnlyList<ChatTurn> Messages => conversation.Turns;

    public bool Remembers => remembers;

    /// <summary>Most tokens of a sequence; null: not limited.</summary>
    public int? Context => conversation.Model.Model.Spec.Context is var context && context == int.MaxValue ? null : context;

    /// <summary>Begins an answer, and gives what reads it: the model's marks are no text.</summary>
    public (GenerationRequest Request, GenerationHandle Handle, AnswerReader Reader) Ask(
        string message, CancellationToken cancellation)
    {
        LanguageModel model = conversation.Model;
        conversation.Add(new ChatTurn("user", message));
        try
        {
            GenerationRequest request = settings(remembers ? conversation.Request() : model.Request(message));
            if (!remembers)
            {
                var plain = new AnswerReader(new AnswerFormat(null, null), [], "", startsInReasoning: false);
                return (request, model.Submit(request, cancellation), plain);
            }

            AnswerPlan plan = AnswerPlan.Of(
                model.Tokenizer, prompt, request.Prompt.Span, new ToolUse(), request.Sampling.Grammar);
            request = model.WithTurnEnds(plan.ApplyTo(request), prompt.Template);
            return (request, model.SubmitChat(request, cancellation), plan.Reader("call"));
        }
        catch
        {
            conversation.Rewind();
            throw;
        }
    }

    /// <summary>Remembers an answer, and what was thought before it where the template shows that.</summary>
    public void Answered(string text, string thoughts)
    {
        var fields = new Dictionary<string, object?>();
        foreach (string name in thoughts.Length > 0 ? ToolSupport.ReasoningFields : [])
            fields[name] = thoughts;
        conversation.Add(new ChatTurn("assistant", text.Trim()) { Fields = fields });
    }

    /// <summary>Takes the last message and its answer back; gives the message, if there was one.</summary>
    public string? TakeBack() => conversation.Rewind();

    public void Reset() => conversation.Clear();
}
