using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>The messages of a conversation.</summary>
internal static class MessageFields
{
    private static readonly FieldTable<PartDraft> PartFields = new("messages[].content[]",
    [
        new()
        {
            Name = "type",
            Kinds = JsonKinds.String,
            IsRequired = true,
            OneOf = ["text"],
            Doc = "What the part is; texts alone are read.",
            Example = "\"text\"",
            Read = (part, value) => part.Type = value.Text,
        },
        new()
        {
            Name = "text",
            Kinds = JsonKinds.String,
            IsRequired = true,
            Doc = "The text.",
            Example = "\"Hello\"",
            Read = (part, value) => part.Text = value.Text,
        },
        CommonFields.Refused<PartDraft>("image_url", JsonKinds.Object | JsonKinds.String, "{\"url\": \"x\"}", [],
            "pictures are not read."),
        CommonFields.Refused<PartDraft>("input_audio", JsonKinds.Object, "{\"data\": \"x\"}", [], "sound is not read."),
        CommonFields.Refused<PartDraft>("file", JsonKinds.Object, "{\"file_id\": \"x\"}", [], "files are not read."),
    ]);

    private static readonly FieldTable<CallDraft> FunctionFields = new("messages[].tool_calls[].function",
    [
        new()
        {
            Name = "name",
            Kinds = JsonKinds.String,
            IsRequired = true,
            Doc = "Which function.",
            Example = "\"f\"",
            Read = (call, value) => call.Name = value.Text,
        },
        new()
        {
            Name = "arguments",
            Kinds = JsonKinds.String | JsonKinds.Object,
            IsRequired = true,
            Doc = "Its arguments: a JSON object in a text, or as it is.",
            Example = "\"{}\"",
            Read = (call, value) => call.Arguments = value.IsString ? Parsed(value) : value.Json.Clone(),
        },
    ]);

    private static readonly FieldTable<CallDraft> CallFields = new("messages[].tool_calls[]",
    [
        new()
        {
            Name = "id",
            Kinds = JsonKinds.String,
            IsRequired = true,
            Doc = "By which its result is told apart from others.",
            Example = "\"1\"",
            Read = (call, value) => call.Id = value.Text,
        },
        new()
        {
            Name = "type",
            Kinds = JsonKinds.String,
            OneOf = ["function"],
            Doc = "What is called: a function.",
            Example = "\"function\"",
        },
        new()
        {
            Name = "function",
            Kinds = JsonKinds.Object,
            IsRequired = true,
            Doc = "The function: `name`, and `arguments` as JSON in a text.",
            Example = "{\"name\": \"f\", \"arguments\": \"{}\"}",
            Inside = () => FunctionFields,
            Read = (call, value) => value.Into(FunctionFields, call),
        },
        CommonFields.Without<CallDraft>("index", JsonKinds.Integer, "0", "Its place in a stream, which its place in the list "
            + "says."),
    ]);

    public static FieldTable<ChatMessageDraft> Table { get; } = new("messages[]",
    [
        new()
        {
            Name = "role",
            Kinds = JsonKinds.String,
            IsRequired = true,
            OneOf = ["system", "developer", "user", "assistant", "tool"],
            Doc = "Who speaks. `developer` is `system` for templates that do not know it.",
            Example = "\"user\"",
            Read = (message, value) => message.Role = value.Text,
        },
        new()
        {
            Name = "content",
            Kinds = JsonKinds.String | JsonKinds.Array,
            Doc = "What is said: a text, or a list of texts. Pictures and sound are refused.",
            Example = "\"Hello\"",
            Inside = () => PartFields,
            Read = (message, value) => message.Content = ReadContent(value),
        },
        new()
        {
            Name = "name",
            Kinds = JsonKinds.String,
            Doc = "The name of who speaks, for templates that show it.",
            Example = "\"Ann\"",
            Read = (message, value) => message.Fields["name"] = value.Text,
        },
        new()
        {
            Name = "tool_calls",
            Kinds = JsonKinds.Array,
            Doc = "The tools that the assistant called.",
            Example = "[{\"id\": \"1\", \"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": \"{}\"}}]",
            Inside = () => CallFields,
            Read = (message, value) => message.Fields["tool_calls"] =
                value.Items().Select(call => (object?)call.Into(CallFields, new CallDraft()).Field).ToList(),
        },
        new()
        {
            Name = "tool_call_id",
            Kinds = JsonKinds.String,
            Doc = "Of which call a tool's message is the result.",
            Example = "\"1\"",
            Read = (message, value) => message.Fields["tool_call_id"] = value.Text,
        },
        new()
        {
            Name = "reasoning_content",
            Kinds = JsonKinds.String,
            Doc = "What the assistant thought; refused where the chat template does not read it.",
            Example = "\"Hm.\"",
            Read = (message, value) => message.Fields["reasoning_content"] = value.Text,
        },
        CommonFields.Refused<ChatMessageDraft>("refusal", JsonKinds.String, "\"no\"", [], "say it in content."),
        CommonFields.Refused<ChatMessageDraft>("audio", JsonKinds.Object, "{\"id\": \"1\"}", [], "conversations are text."),
        CommonFields.Refused<ChatMessageDraft>("annotations", JsonKinds.Array, "[{}]", ["[]"], "the template does not show "
            + "them."),
        CommonFields.Refused<ChatMessageDraft>("function_call", JsonKinds.Object, "{\"name\": \"f\"}", [],
            "it was replaced by tool_calls; use that."),
    ]);

    /// <summary>Reads a conversation.</summary>
    public static void Read(ChatJob job, FieldValue value)
    {
        foreach (FieldValue message in value.Items())
            job.Messages.Add(message.Into(Table, new ChatMessageDraft()).Turn(message));
        if (job.Messages.Count == 0)
            throw value.Wrong("at least one message is needed");
    }

    private static string ReadContent(FieldValue value)
    {
        if (value.IsString)
            return value.Text;
        var text = new StringBuilder();
        foreach (FieldValue part in value.Items())
        {
            // Before its other fields: a picture is refused as what it is.
            if (part.Json.ValueKind == JsonValueKind.Object && part.Json.TryGetProperty("type", out JsonElement type)
                && type.ValueKind == JsonValueKind.String && type.GetString() != "text")
            {
                throw ApiException.Invalid($"{part.Path} is of type {type.GetString()}; models here read text alone.",
                    $"{part.Path}.type", "unsupported_value");
            }

            text.Append(part.Into(PartFields, new PartDraft()).Text);
        }

        return $"{text}";
    }

    private static JsonElement Parsed(FieldValue value) =>
        JsonText.TryParseObject(value.Text.Length == 0 ? "{}" : value.Text, out JsonElement json) ? json
            : throw value.Wrong("a JSON object in a text is needed");

    private sealed class PartDraft
    {
        public string Type { get; set; } = "";

        public string Text { get; set; } = "";
    }

    private sealed class CallDraft
    {
        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public JsonElement Arguments { get; set; }

        public IReadOnlyDictionary<string, object?> Field => new ToolCall { Id = Id, Name = Name, Arguments = Arguments }.Field;
    }
}
