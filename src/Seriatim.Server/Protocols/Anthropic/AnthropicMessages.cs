using Seriatim.Tokenizers;
using Block = Seriatim.Server.AnthropicBlocks.BlockDraft;

namespace Seriatim.Server;

/// <summary>The messages of <c>/v1/messages</c> as turns: results of tools are turns of their own.</summary>
internal static class AnthropicMessages
{
    public static FieldTable<MessageDraft> Table { get; } = new("messages[]",
    [
        Row.Needed<MessageDraft>("role", JsonKinds.String, "Who speaks.", "\"user\"",
            (message, value) => message.Role = value.Text)
            with { OneOf = ["user", "assistant"] },
        Row.Needed<MessageDraft>("content", JsonKinds.String | JsonKinds.Array, "What is said: a text, or blocks.", "\"Hello\"",
            (message, value) => message.Blocks = [.. AnthropicBlocks.Read(value)])
                with { Inside = () => AnthropicBlocks.TextTable },
    ]);

    /// <summary>Reads what the model is told first.</summary>
    public static void ReadSystem(ChatJob job, FieldValue value) =>
        job.Messages.Insert(0, new ChatTurn("system", AnthropicBlocks.TextOf(value)));

    /// <summary>Reads a conversation.</summary>
    public static void Read(ChatJob job, FieldValue value)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        int before = job.Messages.Count;
        string last = "";
        foreach (FieldValue item in value.Items())
        {
            MessageDraft message = item.Into(Table, new MessageDraft());
            last = message.Role;
            job.Messages.AddRange(message.Role == "user" ? User(message, item, names) : [Assistant(message, item, names)]);
        }

        if (job.Messages.Count == before)
            throw value.Wrong("at least one message is needed");

        // As at Anthropic: an answer that is begun is gone on with.
        if (last == "assistant")
            (job.OpensAnswer, job.ContinuesLast) = (false, true);
    }

    private static IEnumerable<ChatTurn> User(MessageDraft message, FieldValue place, Dictionary<string, string> names)
    {
        if (message.Blocks.FirstOrDefault(block => block.Type is "thinking" or "tool_use") is { } other)
        {
            throw ApiException.Invalid($"{place.Path} is the user's and has a {other.Type}; these are the assistant's.",
                $"{place.Path}.content", "invalid_value");
        }

        foreach (Block block in message.Blocks.Where(block => block.Type == "tool_result"))
        {
            yield return new ChatTurn("tool", block.IsError ? $"Error: {block.Text}" : block.Text)
            {
                Fields = new Dictionary<string, object?>
                {
                    ["name"] = names.GetValueOrDefault(block.Id, ""),
                    ["tool_call_id"] = block.Id,
                },
            };
        }

        Block[] texts = [.. message.Blocks.Where(block => block.Type != "tool_result")];
        if (texts.Length > 0 || message.Blocks.Count == 0)
            yield return new ChatTurn("user", string.Concat(texts.Select(block => block.Text)));
    }

    private static ChatTurn Assistant(MessageDraft message, FieldValue place, Dictionary<string, string> names)
    {
        var fields = new Dictionary<string, object?>();
        List<object?> calls = [];
        foreach (Block block in message.Blocks)
        {
            if (block.Type == "tool_result")
            {
                throw ApiException.Invalid($"{place.Path} is the assistant's and has a tool_result; these are the user's.",
                    $"{place.Path}.content", "invalid_value");
            }

            if (block.Type != "tool_use")
                continue;
            names[block.Id] = block.Name;
            calls.Add(new ToolCall { Id = block.Id, Name = block.Name, Arguments = block.Input }.Field);
        }

        if (calls.Count > 0)
            fields["tool_calls"] = calls;
        string thoughts = string.Concat(message.Blocks.Where(block => block.Type == "thinking").Select(block => block.Text));
        if (thoughts.Length > 0)
            fields[ChatJob.Reasoning] = thoughts;
        return new ChatTurn("assistant",
            string.Concat(message.Blocks.Where(block => block.Type == "text").Select(block => block.Text)))
        {
            Fields = fields,
        };
    }

    /// <summary>A message while it is read.</summary>
    internal sealed class MessageDraft
    {
        public string Role { get; set; } = "";

        public IReadOnlyList<Block> Blocks { get; set; } = [];
    }
}
