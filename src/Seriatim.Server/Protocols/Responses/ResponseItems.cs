using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>
/// The items that inputs of <c>/v1/responses</c> are made of, as turns. Reasoning and calls belong to the assistant's turn.
/// </summary>
internal static class ResponseItems
{
    private static readonly FieldTable<ItemDraft> PartTable = new("input[].content[]",
    [
        Row.Needed<ItemDraft>("type", JsonKinds.String, "What the part is; texts alone are read.", "\"input_text\"",
            (_, _) => { })
            with { OneOf = ["input_text", "output_text", "text", "reasoning_text", "summary_text"] },
        Row.Needed<ItemDraft>("text", JsonKinds.String, "The text.", "\"Hello\"", (item, value) => item.Text += value.Text),
        Row.Without<ItemDraft>("annotations", JsonKinds.Array, "[]",
            "Notes on an earlier answer; the template does not show them."),
        Row.Without<ItemDraft>("logprobs", JsonKinds.Array, "[]", "Numbers of an earlier answer."),
    ]);

    public static FieldTable<ItemDraft> MessageTable { get; } = new("input[] of type message",
    [
        .. Head("message"),
        Row.Needed<ItemDraft>("role", JsonKinds.String, "Who speaks.", "\"user\"", (item, value) => item.Role = value.Text)
            with { OneOf = ["system", "developer", "user", "assistant"] },
        Row.Needed<ItemDraft>("content", JsonKinds.String | JsonKinds.Array, "What is said: a text, or parts.", "\"Hello\"",
            ReadContent)
            with { Inside = () => PartTable },
        Row.Without<ItemDraft>("phase", JsonKinds.String, "\"final_answer\"", "What part of an answer it was."),
    ]);

    private static readonly FieldTable<ItemDraft> CallTable = new("input[] of type function_call",
    [
        .. Head("function_call"),
        Row.Needed<ItemDraft>("call_id", JsonKinds.String, "By which its result is told apart.", "\"1\"",
            (item, value) => item.CallId = value.Text),
        Row.Needed<ItemDraft>("name", JsonKinds.String, "Which function.", "\"f\"", (item, value) => item.Name = value.Text),
        Row.Needed<ItemDraft>("arguments", JsonKinds.String, "Its arguments: a JSON object in a text.", "\"{}\"",
            (item, value) => item.Arguments = JsonText.TryParseObject(value.Text, out JsonElement arguments) ? arguments
                : throw value.Wrong("a JSON object in a text is needed")),
    ]);

    private static readonly FieldTable<ItemDraft> OutputTable = new("input[] of type function_call_output",
    [
        .. Head("function_call_output"),
        Row.Needed<ItemDraft>("call_id", JsonKinds.String, "Of which call it is the result.", "\"1\"",
            (item, value) => item.CallId = value.Text),
        Row.Needed<ItemDraft>("output", JsonKinds.String | JsonKinds.Array, "What the function gave.", "\"7\"", ReadContent)
            with { Inside = () => PartTable },
    ]);

    private static readonly FieldTable<ItemDraft> ReasoningTable = new("input[] of type reasoning",
    [
        .. Head("reasoning"),
        Row.Of<ItemDraft>("content", JsonKinds.Array, "What was thought.", "[{\"type\": \"reasoning_text\", \"text\": \"Hm.\"}]",
            ReadContent)
            with { Inside = () => PartTable },
        Row.Without<ItemDraft>("summary", JsonKinds.Array, "[]",
            "What was thought, summed up; the thoughts themselves are shown."),
        Row.Refused<ItemDraft>("encrypted_content", JsonKinds.String, "\"x\"", [], "nobody here can read it."),
    ]);

    private static readonly Dictionary<string, FieldTable<ItemDraft>> Tables = new()
    {
        ["message"] = MessageTable,
        ["function_call"] = CallTable,
        ["function_call_output"] = OutputTable,
        ["reasoning"] = ReasoningTable,
    };

    /// <summary>Reads an input.</summary>
    public static void Read(ChatJob job, FieldValue value)
    {
        if (value.IsString)
        {
            job.Messages.Add(new ChatTurn("user", value.Text));
            return;
        }

        foreach (FieldValue place in value.Items())
        {
            string type = place.Json.ValueKind == JsonValueKind.Object && place.Json.TryGetProperty("type", out JsonElement name)
                && name.ValueKind == JsonValueKind.String ? name.GetString()! : "message";
            if (!Tables.TryGetValue(type, out FieldTable<ItemDraft>? table))
            {
                throw ApiException.Invalid($"{place.Path} is of type {type}; {string.Join(", ", Tables.Keys)} are read.",
                    $"{place.Path}.type", "unsupported_value");
            }

            Add(job.Messages, type, place.Into(table, new ItemDraft()));
        }
    }

    private static void Add(List<ChatTurn> turns, string type, ItemDraft item)
    {
        switch (type)
        {
            case "message" when item.Role == "assistant":
                Assistant(turns, turn => turn with { Content = turn.Content + item.Text }, "tool_calls");
                break;
            case "message":
                turns.Add(new ChatTurn(item.Role, item.Text));
                break;
            case "reasoning":
                Assistant(turns, turn => With(turn, ChatJob.Reasoning, item.Text), "tool_calls");
                break;
            case "function_call":
                object? call = new ToolCall { Id = item.CallId, Name = item.Name, Arguments = item.Arguments }.Field;
                Assistant(turns, turn => With(turn, "tool_calls",
                    new List<object?>([.. turn.Fields.GetValueOrDefault("tool_calls") as List<object?> ?? [], call])), null);
                break;
            default:
                turns.Add(new ChatTurn("tool", item.Text)
                {
                    Fields = new Dictionary<string, object?>
                    {
                        ["name"] = NameOf(turns, item.CallId),
                        ["tool_call_id"] = item.CallId,
                    },
                });
                break;
        }
    }

    /// <summary>Changes the assistant's turn that is under way, or begins one.</summary>
    /// <param name="turns">The turns.</param>
    /// <param name="change">The change.</param>
    /// <param name="ends">A field behind which nothing of the kind follows in the same turn; null: none.</param>
    private static void Assistant(List<ChatTurn> turns, Func<ChatTurn, ChatTurn> change, string? ends)
    {
        if (turns.Count == 0 || turns[^1].Role != "assistant" || (ends is not null && turns[^1].Fields.ContainsKey(ends)))
            turns.Add(new ChatTurn("assistant", ""));
        turns[^1] = change(turns[^1]);
    }

    private static ChatTurn With(ChatTurn turn, string field, object? value) =>
        turn with { Fields = new Dictionary<string, object?>(turn.Fields) { [field] = value } };

    private static string NameOf(List<ChatTurn> turns, string id) => turns
        .SelectMany(turn => turn.Fields.GetValueOrDefault("tool_calls") as IEnumerable<object?> ?? [])
        .OfType<IReadOnlyDictionary<string, object?>>().Where(call => Equals(call["id"], id))
        .Select(call => ((IReadOnlyDictionary<string, object?>)call["function"]!)["name"] as string).LastOrDefault() ?? "";

    private static void ReadContent(ItemDraft item, FieldValue value)
    {
        if (value.IsString)
        {
            item.Text = value.Text;
            return;
        }

        foreach (FieldValue part in value.Items())
            part.Into(PartTable, item);
    }

    private static IEnumerable<Field<ItemDraft>> Head(string type) =>
    [
        Row.Of<ItemDraft>("type", JsonKinds.String, "What the item is.", $"\"{type}\"", (_, _) => { }) with { OneOf = [type] },
        Row.Without<ItemDraft>("id", JsonKinds.String, "\"1\"", "The item's id in an earlier response."),
        Row.Without<ItemDraft>("status", JsonKinds.String, "\"completed\"", "How far it was in an earlier response."),
    ];

    /// <summary>An item while it is read.</summary>
    internal sealed class ItemDraft
    {
        public string Role { get; set; } = "";

        public string Text { get; set; } = "";

        public string CallId { get; set; } = "";

        public string Name { get; set; } = "";

        public JsonElement Arguments { get; set; }
    }
}
