using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Cli;

/// <summary>What was said, and the request that goes on with it.</summary>
/// <param name="model">The model.</param>
/// <param name="template">How a conversation is written; null: as the model says.</param>
/// <param name="settings">Everything but the prompt.</param>
/// <param name="system">What the model is told first; null: nothing.</param>
/// <param name="remembers">
/// False: each message is a text of its own that is continued, for models that know no conversations.
/// </param>
internal sealed class Conversation(LanguageModel model, ChatTemplate? template,
    Func<GenerationRequest, GenerationRequest> settings, string? system, bool remembers)
{
    private readonly List<ChatTurn> _messages = Begin(system);

    public IReadOnlyList<ChatTurn> Messages => _messages;

    public bool Remembers => remembers;

    /// <summary>Most tokens of a sequence; null: not limited.</summary>
    public int? Context => model.Model.Spec.Context is var context && context == int.MaxValue ? null : context;

    /// <summary>The last message of the user; null: there is none to answer again.</summary>
    public string? LastQuestion => _messages.LastOrDefault(message => message.Role == "user")?.Content?.ToString();

    /// <summary>Begins an answer.</summary>
    public (GenerationRequest Request, GenerationHandle Handle) Ask(string message, CancellationToken cancellation)
    {
        _messages.Add(new ChatTurn("user", message));
        try
        {
            GenerationRequest request = settings(remembers ? model.ChatRequest(_messages, template) : model.Request(message));
            return (request, remembers ? model.SubmitChat(request, cancellation) : model.Submit(request, cancellation));
        }
        catch
        {
            _messages.RemoveAt(_messages.Count - 1);
            throw;
        }
    }

    public void Answered(string text) => _messages.Add(new ChatTurn("assistant", text.Trim()));

    /// <summary>Takes the last message and its answer back.</summary>
    public void TakeBack()
    {
        int last = _messages.FindLastIndex(message => message.Role == "user");
        if (last >= 0)
            _messages.RemoveRange(last, _messages.Count - last);
    }

    public void Reset()
    {
        _messages.Clear();
        _messages.AddRange(Begin(system));
    }

    private static List<ChatTurn> Begin(string? system) => system is null ? [] : [new ChatTurn("system", system)];
}
