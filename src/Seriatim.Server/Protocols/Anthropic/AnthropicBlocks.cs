using System.Text.Json;

namespace Seriatim.Server;

/// <summary>The blocks that contents of <c>/v1/messages</c> are made of.</summary>
internal static class AnthropicBlocks
{
    private static readonly Field<BlockDraft> Cache = Row.Without<BlockDraft>("cache_control", JsonKinds.Object,
        "{\"type\": \"ephemeral\"}", "What was read before is found again anyway.");

    /// <summary>Text.</summary>
    public static FieldTable<BlockDraft> TextTable { get; } = new("content[] of type text",
    [
        Type("text"),
        Row.Needed<BlockDraft>("text", JsonKinds.String, "The text.", "\"Hello\"", (block, value) => block.Text = value.Text),
        Row.Refused<BlockDraft>("citations", JsonKinds.Array, "[{}]", ["[]"], "nothing is cited."),
        Cache,
    ]);

    private static readonly FieldTable<BlockDraft> ThinkingTable = new("content[] of type thinking",
    [
        Type("thinking"),
        Row.Needed<BlockDraft>("thinking", JsonKinds.String, "What the assistant thought.", "\"Hm.\"",
            (block, value) => block.Text = value.Text),
        Row.Without<BlockDraft>("signature", JsonKinds.String, "\"\"", "Thoughts are not signed here."),
    ]);

    private static readonly FieldTable<BlockDraft> UseTable = new("content[] of type tool_use",
    [
        Type("tool_use"),
        Row.Needed<BlockDraft>("id", JsonKinds.String, "By which its result is told apart.", "\"1\"",
            (block, value) => block.Id = value.Text),
        Row.Needed<BlockDraft>("name", JsonKinds.String, "Which tool.", "\"f\"", (block, value) => block.Name = value.Text),
        Row.Needed<BlockDraft>("input", JsonKinds.Object, "Its arguments.", "{}",
            (block, value) => block.Input = value.Json.Clone()),
        Cache,
    ]);

    private static readonly FieldTable<BlockDraft> ResultTable = new("content[] of type tool_result",
    [
        Type("tool_result"),
        Row.Needed<BlockDraft>("tool_use_id", JsonKinds.String, "Of which call it is the result.", "\"1\"",
            (block, value) => block.Id = value.Text),
        Row.Of<BlockDraft>("content", JsonKinds.String | JsonKinds.Array, "What the tool gave: a text, or text blocks.", "\"7\"",
            (block, value) => block.Text = TextOf(value)) with { Inside = () => TextTable },
        Row.Of<BlockDraft>("is_error", JsonKinds.Boolean, "Whether the tool failed: the model is told so.", "true",
            (block, value) => block.IsError = value.Boolean),
        Cache,
    ]);

    private static readonly Dictionary<string, FieldTable<BlockDraft>> Tables = new()
    {
        ["text"] = TextTable,
        ["thinking"] = ThinkingTable,
        ["tool_use"] = UseTable,
        ["tool_result"] = ResultTable,
    };

    /// <summary>Reads a content: a text, or blocks.</summary>
    public static IEnumerable<BlockDraft> Read(FieldValue value)
    {
        if (value.IsString)
        {
            yield return new BlockDraft { Type = "text", Text = value.Text };
            yield break;
        }

        foreach (FieldValue item in value.Items())
        {
            string? type = item.Json.ValueKind == JsonValueKind.Object && item.Json.TryGetProperty("type", out JsonElement name)
                && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
            if (type is null || !Tables.TryGetValue(type, out FieldTable<BlockDraft>? table))
            {
                throw ApiException.Invalid($"{item.Path} is of type {type ?? "nothing"}; {string.Join(", ", Tables.Keys)} "
                    + "are read.", $"{item.Path}.type", "unsupported_value");
            }

            yield return item.Into(table, new BlockDraft());
        }
    }

    /// <summary>A text, or the text of text blocks.</summary>
    public static string TextOf(FieldValue value) => value.IsString ? value.Text
        : string.Concat(value.Items().Select(item => item.Into(TextTable, new BlockDraft()).Text));

    private static Field<BlockDraft> Type(string name) => Row.Needed<BlockDraft>("type", JsonKinds.String, "What the block is.",
        $"\"{name}\"", (block, value) => block.Type = value.Text) with
    { OneOf = [name] };

    /// <summary>A block while it is read.</summary>
    internal sealed class BlockDraft
    {
        public string Type { get; set; } = "";

        public string Text { get; set; } = "";

        public string Id { get; set; } = "";

        public string Name { get; set; } = "";

        public JsonElement Input { get; set; }

        public bool IsError { get; set; }
    }
}
