using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The fields of <c>/v1/messages</c> and of its count of tokens.</summary>
internal static class MessagesFields
{
    private static readonly FieldTable<MessagesRequest> ThinkingTable = new("thinking",
    [
        Row.Needed<MessagesRequest>("type", JsonKinds.String,
            "`enabled`, `adaptive` or `disabled`; refused where the model's template "
            + "cannot say it.", "\"disabled\"",
            (request, value) => (request.Job.Thinks, request.Job.ThinksField) = (value.Text != "disabled", "thinking"))
            with { OneOf = ["enabled", "disabled", "adaptive"] },
        Row.Without<MessagesRequest>("budget_tokens", JsonKinds.Integer, "1024",
            "A wish how long to think; `max_tokens` alone ends an answer here, and counts thinking."),
        Row.Without<MessagesRequest>("display", JsonKinds.String, "\"summarized\"", "What is thought is shown as it is."),
    ]);

    private static readonly FieldTable<MessagesRequest> ChoiceTable = new("tool_choice",
    [
        Row.Of<MessagesRequest>("name", JsonKinds.String, "The tool, with type `tool`.", "\"f\"",
            (request, value) => request.Job.NamedTool = value.Text),
        Row.Needed<MessagesRequest>("type", JsonKinds.String, "`auto`, `any` (one must be called), `tool` (this one), `none`.",
            "\"auto\"",
            (request, value) => request.Job.ToolChoice = value.Text switch
            {
                "any" => ToolChoice.Required,
                "tool" when request.Job.NamedTool is not null => ToolChoice.Named,
                "tool" => throw value.Wrong("the type tool needs a name"),
                "none" => ToolChoice.None,
                _ => ToolChoice.Auto,
            }) with { OneOf = ["auto", "any", "tool", "none"] },
        Row.Of<MessagesRequest>("disable_parallel_tool_use", JsonKinds.Boolean, "Whether at most one tool is called.", "true",
            (request, value) => request.Job.AllowsSeveralCalls = !value.Boolean),
    ]);

    private static IEnumerable<Field<MessagesRequest>> Prompt() =>
    [
        CommonFields.Model<MessagesRequest>((request, name) => request.Job.Model = name),
        Row.Of<MessagesRequest>("system", JsonKinds.String | JsonKinds.Array,
            "What the model is told first: a text, or text blocks.",
            "\"sing\"",
            (request, value) => AnthropicMessages.ReadSystem(request.Job, value))
            with { Inside = () => AnthropicBlocks.TextTable },
        Row.Needed<MessagesRequest>("messages", JsonKinds.Array, "The conversation, at least one message.",
            "[{\"role\": \"user\", \"content\": \"the cat\"}]", (request, value) => AnthropicMessages.Read(request.Job, value))
            with { Inside = () => AnthropicMessages.Table },
        Row.Of<MessagesRequest>("tools", JsonKinds.Array,
            "Tools the model may call; refused where its chat template does not show them.",
            "[{\"name\": \"f\", \"input_schema\": {\"type\": \"object\"}}]",
            (request, value) => AnthropicTools.Read(request.Job, value))
            with { Inside = () => AnthropicTools.Table },
        Row.Of<MessagesRequest>("tool_choice", JsonKinds.Object, "Whether tools are called.", "{\"type\": \"none\"}", ReadChoice)
            with
        {
            Inside = () => ChoiceTable,
            ExampleNeeds = "\"tools\": [{\"name\": \"f\", \"input_schema\": {\"type\": \"object\"}}]",
        },
        Row.Of<MessagesRequest>("thinking", JsonKinds.Object, "Whether the model thinks first.", "{\"type\": \"disabled\"}",
            (request, value) => value.Into(ThinkingTable, request)) with { Inside = () => ThinkingTable },
    ];

    public static FieldTable<MessagesRequest> Table { get; } = new("POST /v1/messages",
    [
        .. Prompt(),
        Row.Needed<MessagesRequest>("max_tokens", JsonKinds.Integer, "Most new tokens.", "5",
            (request, value) => request.Job.Generation.MaxTokens = value.Integer) with { Least = 1, Option = "MaxNewTokens" },
        Row.Of<MessagesRequest>("stop_sequences", JsonKinds.Array, "Texts at which the answer ends.", "[\"\\n\\n\"]",
            (request, value) => request.Job.Generation.Stop = request.Stops = value.Texts) with
        { Option = "StopStrings", MostItems = 64, MostLength = 1024 },
        Row.Of<MessagesRequest>("stream", JsonKinds.Boolean, "Send the answer as it is written, as events. Default: false.",
            "true",
            (request, value) => request.Streams = value.Boolean),
        .. Row.Some<GenerationSettings, MessagesRequest>(SamplingFields.Rows, request => request.Job.Generation,
            "temperature", "top_k", "top_p", "min_p", "repetition_penalty"),
        .. Row.Some<GenerationSettings, MessagesRequest>(GenerationFields.Rows, request => request.Job.Generation, "seed"),
        Row.Without<MessagesRequest>("metadata", JsonKinds.Object, "{\"user_id\": \"me\"}",
            "Names the end user; nothing here depends on it."),
        Row.Refused<MessagesRequest>("service_tier", JsonKinds.String, "\"priority\"", ["\"auto\"", "\"standard_only\""],
            "there is one tier."),
        Row.Refused<MessagesRequest>("container", JsonKinds.String | JsonKinds.Object, "\"x\"", [], "there are no containers."),
        Row.Refused<MessagesRequest>("mcp_servers", JsonKinds.Array, "[{}]", ["[]"],
            "call them yourself, and send what they gave."),
        Row.Refused<MessagesRequest>("context_management", JsonKinds.Object, "{\"edits\": []}", [],
            "prompts are read as they are sent."),
    ]);

    public static FieldTable<MessagesRequest> Count { get; } = new("POST /v1/messages/count_tokens", Prompt());

    private static void ReadChoice(MessagesRequest request, FieldValue value)
    {
        value.Into(ChoiceTable, request);
        ChatJob job = request.Job;
        if (job.Tools.Count == 0 && job.ToolChoice is ToolChoice.Required or ToolChoice.Named)
            throw ApiException.Invalid($"{value.Path} is for tools, and there are none; give tools.", value.Path,
                "missing_field");
        if (job.ToolChoice == ToolChoice.Named && job.Tools.All(tool => tool.Name != job.NamedTool))
        {
            throw ApiException.Invalid($"{value.Path} names {job.NamedTool}; there are "
                + $"{string.Join(", ", job.Tools.Select(tool => tool.Name))}.", value.Path, "invalid_value");
        }
    }
}
