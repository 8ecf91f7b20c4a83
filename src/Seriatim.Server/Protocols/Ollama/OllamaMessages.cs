using System.Globalization;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>
/// The messages of <c>/api/chat</c>. Its calls have no ids: results belong to calls in their order, or by their name.
/// </summary>
internal static class OllamaMessages
{
    private static readonly FieldTable<CallDraft> FunctionTable = new("messages[].tool_calls[].function",
    [
        Row.Needed<CallDraft>("name", JsonKinds.String, "Which function.", "\"f\"", (call, value) => call.Name = value.Text),
        Row.Of<CallDraft>("arguments", JsonKinds.Object, "Its arguments.", "{}",
            (call, value) => call.Arguments = value.Json.Clone()),
        Row.Without<CallDraft>("index", JsonKinds.Integer, "0", "Its place, which its place in the list says."),
        Row.Without<CallDraft>("description", JsonKinds.String, "\"x\"", "The tool's description says it."),
    ]);

    private static readonly FieldTable<CallDraft> CallTable = new("messages[].tool_calls[]",
    [
        Row.Needed<CallDraft>("function", JsonKinds.Object, "The function: `name` and `arguments`.",
            "{\"name\": \"f\", \"arguments\": {}}",
            (call, value) => value.Into(FunctionTable, call)) with { Inside = () => FunctionTable },
        Row.Of<CallDraft>("id", JsonKinds.String, "By which its result is told apart.", "\"1\"",
            (call, value) => call.Id = value.Text),
        Row.Without<CallDraft>("type", JsonKinds.String, "\"function\"", "All tools are functions."),
    ]);

    public static FieldTable<MessageDraft> Table { get; } = new("messages[]",
    [
        Row.Needed<MessageDraft>("role", JsonKinds.String, "Who speaks.", "\"user\"",
            (message, value) => message.Role = value.Text)
            with { OneOf = ["system", "user", "assistant", "tool"] },
        Row.Of<MessageDraft>("content", JsonKinds.String, "What is said.", "\"Hello\"",
            (message, value) => message.Content = value.Text),
        Row.Of<MessageDraft>("thinking", JsonKinds.String,
            "What the assistant thought; refused where the template has no place for it.",
            "\"Hm.\"", (message, value) => message.Thinking = value.Text),
        Row.Of<MessageDraft>("tool_calls", JsonKinds.Array, "The tools that the assistant called.",
            "[{\"function\": {\"name\": \"f\", \"arguments\": {}}}]",
            (message, value) => message.Calls = [.. value.Items().Select(call => call.Into(CallTable, new CallDraft()))])
            with { Inside = () => CallTable },
        Row.Of<MessageDraft>("tool_name", JsonKinds.String, "Of which tool a tool's message is the result.", "\"f\"",
            (message, value) => message.ToolName = value.Text),
        Row.Of<MessageDraft>("tool_call_id", JsonKinds.String, "Of which call it is the result.", "\"1\"",
            (message, value) => message.CallId = value.Text),
        Row.Refused<MessageDraft>("images", JsonKinds.Array, "[\"eA==\"]", ["[]"], "pictures are not read."),
    ]);

    /// <summary>Reads a conversation.</summary>
    public static void Read(ChatJob job, FieldValue value)
    {
        var open = new List<CallDraft>();
        int count = 0;
        foreach (FieldValue item in value.Items())
        {
            MessageDraft message = item.Into(Table, new MessageDraft());
            RequireRole(message, item);
            var fields = new Dictionary<string, object?>();
            if (message.Thinking is { Length: > 0 } thoughts)
                fields[ChatJob.Reasoning] = thoughts;
            if (message.Calls.Count > 0)
            {
                foreach (CallDraft call in message.Calls)
                    call.Id ??= $"call_{(count++).ToString(CultureInfo.InvariantCulture)}";
                open = [.. message.Calls];
                fields["tool_calls"] = message.Calls.Select(call => (object?)call.Field).ToList();
            }

            if (message.Role == "tool")
            {
                CallDraft? call = open.FirstOrDefault(call => message.CallId is { } id ? call.Id == id
                    : message.ToolName is null || call.Name == message.ToolName);
                if (call is not null)
                    open.Remove(call);
                fields["name"] = message.ToolName ?? call?.Name ?? "";
                fields["tool_call_id"] = message.CallId ?? call?.Id ?? "";
            }

            job.Messages.Add(new ChatTurn(message.Role, message.Content) { Fields = fields });
        }
    }

    /// <summary>What the template would show under the wrong name, or not at all, is refused.</summary>
    private static void RequireRole(MessageDraft message, FieldValue place)
    {
        (string Field, bool IsThere, string Role)[] owned =
        [
            ("thinking", message.Thinking is { Length: > 0 }, "assistant"), ("tool_calls", message.Calls.Count > 0, "assistant"),
            ("tool_name", message.ToolName is not null, "tool"), ("tool_call_id", message.CallId is not null, "tool"),
        ];
        foreach ((string field, bool isThere, string role) in owned)
        {
            if (isThere && message.Role != role)
            {
                throw ApiException.Invalid($"{place.Path}.{field} belongs to messages of the role {role}.",
                    $"{place.Path}.{field}", "invalid_value");
            }
        }
    }

    /// <summary>A message while it is read.</summary>
    internal sealed class MessageDraft
    {
        public string Role { get; set; } = "";

        public string Content { get; set; } = "";

        public string? Thinking { get; set; }

        public string? ToolName { get; set; }

        public string? CallId { get; set; }

        public IReadOnlyList<CallDraft> Calls { get; set; } = [];
    }

    /// <summary>A call while it is read.</summary>
    internal sealed class CallDraft
    {
        public string? Id { get; set; }

        public string Name { get; set; } = "";

        public JsonElement Arguments { get; set; } = JsonElement.Parse("{}");

        /// <summary>As templates expect it.</summary>
        public IReadOnlyDictionary<string, object?> Field =>
            new ToolCall { Id = Id!, Name = Name, Arguments = Arguments }.Field;
    }
}
