using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>The tools of <c>/v1/messages</c>.</summary>
internal static class AnthropicTools
{
    public static FieldTable<ToolDraft> Table { get; } = new("tools[]",
    [
        Row.Of<ToolDraft>("type", JsonKinds.String, "What the tool is: `custom`. Tools that run at Anthropic are refused.",
            "\"custom\"",
            (_, _) => { }) with { OneOf = ["custom"], Fate = FieldFate.WithoutEffect },
        Row.Needed<ToolDraft>("name", JsonKinds.String, ChatJob.ToolNames, "\"f\"", (tool, value) => tool.Name = value.Text),
        Row.Of<ToolDraft>("description", JsonKinds.String, "What it is for; the model reads it.", "\"Looks it up.\"",
            (tool, value) => tool.Description = value.Text),
        Row.Needed<ToolDraft>("input_schema", JsonKinds.Object, "The JSON schema of its arguments.", "{\"type\": \"object\"}",
            (tool, value) => tool.Schema = value.Json.Clone()),
        Row.Of<ToolDraft>("strict", JsonKinds.Boolean, "Whether its arguments must follow the schema. Default: false.", "true",
            (tool, value) => tool.IsStrict = value.Boolean),
        Row.Without<ToolDraft>("cache_control", JsonKinds.Object, "{\"type\": \"ephemeral\"}",
            "What was read before is found again anyway."),
    ]);

    /// <summary>Reads tools.</summary>
    public static void Read(ChatJob job, FieldValue value)
    {
        foreach (FieldValue item in value.Items())
        {
            ToolDraft tool = item.Into(Table, new ToolDraft());
            job.Add(new ChatTool { Name = tool.Name, Description = tool.Description, Parameters = tool.Schema }, tool.IsStrict,
                $"{item.Path}.name");
        }
    }

    /// <summary>A tool while it is read.</summary>
    internal sealed class ToolDraft
    {
        public string Name { get; set; } = "";

        public string Description { get; set; } = "";

        public JsonElement Schema { get; set; }

        public bool IsStrict { get; set; }
    }
}
