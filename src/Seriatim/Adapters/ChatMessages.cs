using System.Text.Json;
using Microsoft.Extensions.AI;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// Messages of Microsoft.Extensions.AI as turns of a template; what a template does not show is refused by name.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="template">A template in place of the tokenizer's own; null: that.</param>
internal sealed class ChatMessages(LanguageModel model, ChatTemplate? template)
{
    /// <summary>Names of tools by the calls of earlier messages.</summary>
    private readonly Dictionary<string, string> _called = new(StringComparer.Ordinal);

    public List<ChatTurn> Convert(IEnumerable<ChatMessage> messages) => [.. messages.SelectMany(Convert)];

    /// <summary>A function as a template shows it.</summary>
    public static ChatTool Tool(AIFunctionDeclaration function) =>
        new() { Name = function.Name, Description = function.Description, Parameters = function.JsonSchema };

    private IEnumerable<ChatTurn> Convert(ChatMessage message)
    {
        var calls = new List<object?>();
        var results = new List<ChatTurn>();
        string? thoughts = null;
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent:
                    break;
                case TextReasoningContent thought:
                    thoughts += thought.Text;
                    break;
                case FunctionCallContent { Exception: null } call when Knows(call.Name):
                    calls.Add(Call(call).Field);
                    break;
                case FunctionResultContent result when Knows(result.CallId):
                    results.Add(Result(result));
                    break;
                default:
                    throw Refused(content, "only text, and calls of tools where the chat template shows them");
            }
        }

        if (results.Count == 0 || message.Text.Length > 0)
            yield return Turn(message, calls, thoughts);
        foreach (ChatTurn result in results)
            yield return result;
    }

    private ChatTurn Turn(ChatMessage message, List<object?> calls, string? thoughts)
    {
        var fields = new Dictionary<string, object?>();
        if (calls.Count > 0)
            fields["tool_calls"] = calls;
        var turn = new ChatTurn(message.Role.Value, message.Text) { Fields = fields };
        if (thoughts is null)
            return turn;
        return ReasoningTurn.Show(turn, thoughts, model.Tokenizer, template)
            ?? throw Refused(message.Contents.OfType<TextReasoningContent>().First(),
                $"its chat template reads no {ToolSupport.ReasoningFields[0]}, so take it out of what is sent");
    }

    private ToolCall Call(FunctionCallContent call)
    {
        _called[call.CallId] = call.Name;
        return new ToolCall
        {
            Id = call.CallId,
            Name = call.Name,
            Arguments = Json(call.Arguments ?? new Dictionary<string, object?>(), typeof(IDictionary<string, object?>)),
        };
    }

    private ChatTurn Result(FunctionResultContent result)
    {
        string text = result.Result switch
        {
            null => "",
            string plain => plain,
            JsonElement { ValueKind: JsonValueKind.String } json => json.GetString()!,
            { } value => Json(value, typeof(object)).GetRawText(),
        };
        return new ChatTurn("tool", text)
        {
            Fields = new Dictionary<string, object?>
            {
                ["name"] = _called.GetValueOrDefault(result.CallId, ""),
                ["tool_call_id"] = result.CallId,
            },
        };
    }

    private static JsonElement Json(object value, Type type) =>
        JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(type));

    /// <summary>Whether the template shows calls, and this is one.</summary>
    private bool Knows(string? name) => name is not null && ToolSupport.Refusal(model.Tokenizer, template) is null;

    private NotSupportedException Refused(AIContent content, string why) => new(
        $"This chat client does not support {content.GetType().Name} in a message to {model.Name}: {why}.");
}
