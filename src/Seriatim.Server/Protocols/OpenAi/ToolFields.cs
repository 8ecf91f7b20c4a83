using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>Tools.</summary>
internal static class ToolFields
{
    private static readonly FieldTable<ToolDraft> FunctionTable = new("tools[].function",
    [
        new()
        {
            Name = "name",
            Kinds = JsonKinds.String,
            IsRequired = true,
            Doc = ChatJob.ToolNames,
            Example = "\"f\"",
            Read = (tool, value) => tool.Name = value.Text,
        },
        new()
        {
            Name = "description",
            Kinds = JsonKinds.String,
            Doc = "What it is for; the model reads it.",
            Example = "\"Looks it up.\"",
            Read = (tool, value) => tool.Description = value.Text,
        },
        new()
        {
            Name = "parameters",
            Kinds = JsonKinds.Object,
            Doc = "The JSON schema of its arguments; the model reads it.",
            Example = "{\"type\": \"object\"}",
            Read = (tool, value) => tool.Parameters = value.Json.Clone(),
        },
        new()
        {
            Name = "strict",
            Kinds = JsonKinds.Boolean,
            Doc = "Whether its arguments must follow the schema: then nothing else can be written, and what cannot be "
                + "enforced is refused by its keyword. Default: false.",
            Example = "true",
            Read = (tool, value) => tool.IsStrict = value.Boolean,
        },
    ]);

    private static readonly FieldTable<ToolDraft> ToolTable = new("tools[]",
    [
        new()
        {
            Name = "type",
            Kinds = JsonKinds.String,
            IsRequired = true,
            OneOf = ["function"],
            Doc = "What the tool is: a function.",
            Example = "\"function\"",
        },
        new()
        {
            Name = "function",
            Kinds = JsonKinds.Object,
            IsRequired = true,
            Doc = "The function.",
            Example = "{\"name\": \"f\"}",
            Inside = () => FunctionTable,
            Read = (tool, value) => value.Into(FunctionTable, tool),
        },
    ]);

    private static readonly FieldTable<ChatJob> ChosenTable = new("tool_choice.function",
    [
        new()
        {
            Name = "name",
            Kinds = JsonKinds.String,
            IsRequired = true,
            Doc = "The tool.",
            Example = "\"f\"",
            Read = (job, value) => job.NamedTool = value.Text,
        },
    ]);

    private static readonly FieldTable<ChatJob> ChoiceTable = new("tool_choice",
    [
        new()
        {
            Name = "type",
            Kinds = JsonKinds.String,
            IsRequired = true,
            OneOf = ["function"],
            Doc = "What is called: a function.",
            Example = "\"function\"",
        },
        new()
        {
            Name = "function",
            Kinds = JsonKinds.Object,
            IsRequired = true,
            Doc = "The function: its `name`.",
            Example = "{\"name\": \"f\"}",
            Inside = () => ChosenTable,
            Read = (job, value) => value.Into(ChosenTable, job),
        },
    ]);

    /// <summary>The rows.</summary>
    public static IEnumerable<Field<ChatJob>> Rows { get; } =
    [
        new()
        {
            Name = "tools",
            Kinds = JsonKinds.Array,
            Doc = "Tools the model may call; refused where its chat template does not show them.",
            Example = "[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]",
            Inside = () => ToolTable,
            Read = ReadTools,
        },
        new()
        {
            Name = "tool_choice",
            Kinds = JsonKinds.String | JsonKinds.Object,
            OneOf = ["none", "auto", "required"],
            Doc = "Whether tools are called: `auto` (as the model likes), `none`, `required`, or one by its name. Default: "
                + "`auto`.",
            Example = "\"none\"",
            ExampleNeeds = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]",
            Inside = () => ChoiceTable,
            Read = ReadChoice,
        },
        new()
        {
            Name = "parallel_tool_calls",
            Kinds = JsonKinds.Boolean,
            Doc = "Whether an answer may call several tools; false: at most one. Default: true.",
            Example = "false",
            ExampleNeeds = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]",
            Read = (job, value) => job.AllowsSeveralCalls = value.Boolean,
        },
    ];

    /// <summary>Reads tools in OpenAI's form, which ollama has too.</summary>
    public static void ReadTools(ChatJob job, FieldValue value)
    {
        foreach (FieldValue item in value.Items())
        {
            ToolDraft draft = item.Into(ToolTable, new ToolDraft());
            job.Add(draft.Tool, draft.IsStrict, $"{item.Path}.function.name");
        }
    }

    private static void ReadChoice(ChatJob job, FieldValue value)
    {
        if (!value.IsString)
            value.Into(ChoiceTable, job);
        job.ToolChoice = !value.IsString ? ToolChoice.Named : value.Text switch
        {
            "none" => ToolChoice.None,
            "required" => ToolChoice.Required,
            _ => ToolChoice.Auto,
        };
        if (job.Tools.Count == 0 && job.ToolChoice != ToolChoice.None)
            throw ApiException.Invalid($"{value.Path} is for tools, and there are none; give tools.", value.Path,
                "missing_field");
        if (job.NamedTool is { } name && job.Tools.All(tool => tool.Name != name))
        {
            throw ApiException.Invalid(
                $"{value.Path} names {name}; there are {string.Join(", ", job.Tools.Select(tool => tool.Name))}.", value.Path,
                "invalid_value");
        }
    }

    private sealed class ToolDraft
    {
        public string Name { get; set; } = "";

        public string Description { get; set; } = "";

        public JsonElement? Parameters { get; set; }

        public bool IsStrict { get; set; }

        public ChatTool Tool => Parameters is { } parameters
            ? new ChatTool { Name = Name, Description = Description, Parameters = parameters }
            : new ChatTool { Name = Name, Description = Description };
    }
}
