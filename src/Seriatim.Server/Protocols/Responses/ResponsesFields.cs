using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>The fields of <c>/v1/responses</c>.</summary>
internal static class ResponsesFields
{
    /// <summary>What `include` takes.</summary>
    public const string Logprobs = "message.output_text.logprobs";

    private static readonly FieldTable<ToolDraft> ToolTable = new("tools[]",
    [
        Row.Needed<ToolDraft>("type", JsonKinds.String, "What the tool is: a function. Tools that run at OpenAI are refused.",
            "\"function\"",
            (_, _) => { }) with { OneOf = ["function"] },
        Row.Needed<ToolDraft>("name", JsonKinds.String, ChatJob.ToolNames, "\"f\"", (tool, value) => tool.Name = value.Text),
        Row.Of<ToolDraft>("description", JsonKinds.String, "What it is for.", "\"Looks it up.\"",
            (tool, value) => tool.Description = value.Text),
        Row.Of<ToolDraft>("parameters", JsonKinds.Object, "The JSON schema of its arguments.", "{\"type\": \"object\"}",
            (tool, value) => tool.Parameters = value.Json.Clone()),
        Row.Of<ToolDraft>("strict", JsonKinds.Boolean, "Whether its arguments must follow the schema. Default: false.", "true",
            (tool, value) => tool.IsStrict = value.Boolean),
    ]);

    private static readonly FieldTable<ResponsesRequest> ChoiceTable = new("tool_choice",
    [
        Row.Needed<ResponsesRequest>("type", JsonKinds.String, "What is called: a function.", "\"function\"", (_, _) => { })
            with { OneOf = ["function"] },
        Row.Needed<ResponsesRequest>("name", JsonKinds.String, "The tool.", "\"f\"",
            (request, value) => request.Job.NamedTool = value.Text),
    ]);

    private static readonly FieldTable<ResponsesRequest> ReasoningTable = new("reasoning",
    [
        Row.Of<ResponsesRequest>("effort", JsonKinds.String, "Given to the chat template; refused where it does not read it.",
            "\"low\"",
            (request, value) => request.Job.Variables[ChatJob.ReasoningEffort] = value.Text)
            with { OneOf = ["none", "minimal", "low", "medium", "high", "xhigh"] },
        Row.Refused<ResponsesRequest>("summary", JsonKinds.String, "\"auto\"", [],
            "what is thought is shown as it is, not summed up."),
        Row.Refused<ResponsesRequest>("generate_summary", JsonKinds.String, "\"auto\"", [], "what is thought is shown as it is."),
    ]);

    private static readonly FieldTable<FormatDraft> FormatTable = new("text.format",
    [
        Row.Of<FormatDraft>("schema", JsonKinds.Object, "The JSON schema, with type `json_schema`.", "{\"type\": \"object\"}",
            (format, value) => format.Schema = value.Json.Clone()),
        Row.Needed<FormatDraft>("type", JsonKinds.String, "`text`, `json_object` or `json_schema`.", "\"json_object\"",
            (format, value) => format.Type = value.Text) with { OneOf = ["text", "json_object", "json_schema"] },
        Row.Without<FormatDraft>("name", JsonKinds.String, "\"x\"", "The schema's name."),
        Row.Without<FormatDraft>("description", JsonKinds.String, "\"x\"", "What the schema is for; say it in a message."),
        Row.Without<FormatDraft>("strict", JsonKinds.Boolean, "true", "A schema is always followed."),
    ]);

    private static readonly FieldTable<ResponsesRequest> TextTable = new("text",
    [
        Row.Of<ResponsesRequest>("format", JsonKinds.Object, "What form the answer has.", "{\"type\": \"json_object\"}",
            ReadFormat)
            with { Inside = () => FormatTable },
        Row.Refused<ResponsesRequest>("verbosity", JsonKinds.String, "\"low\"", ["\"medium\""],
            "say in a message how long answers should be."),
    ]);

    public static FieldTable<ResponsesRequest> Table { get; } = new("POST /v1/responses",
    [
        CommonFields.Model<ResponsesRequest>((request, name) => request.Job.Model = name),
        Row.Of<ResponsesRequest>("input", JsonKinds.String | JsonKinds.Array,
            "A text, or items: messages, calls, results, reasoning.",
            "\"the cat\"",
            (request, value) => ResponseItems.Read(request.Job, value)) with { Inside = () => ResponseItems.MessageTable },
        Row.Of<ResponsesRequest>("instructions", JsonKinds.String, "What the model is told first, for this response alone.",
            "\"sing\"",
            (request, value) => Keep(request, value, "instructions").Instructions = value.Text),
        Row.Of<ResponsesRequest>("previous_response_id", JsonKinds.String,
            "A response to go on from. The server keeps the last ones in memory: one that is gone is refused.", "\"resp_1\"",
            (request, value) => request.Previous = value.Text),
        Row.Of<ResponsesRequest>("max_output_tokens", JsonKinds.Integer,
            "Most new tokens. Default: the model's, else as many as fit.", "5",
            (request, value) => Keep(request, value, "max_output_tokens").Job.Generation.MaxTokens = value.Integer)
            with { Least = 1, Option = "MaxNewTokens" },
        Row.Of<ResponsesRequest>("stream", JsonKinds.Boolean, "Send events as the response is made. Default: false.", "true",
            (request, value) => request.Streams = value.Boolean),
        Row.Of<ResponsesRequest>("background", JsonKinds.Boolean,
            "Answer at once, and go on whether or not somebody waits; `GET /v1/responses/{id}` tells how far it is. Default: "
                + "false.", "true",
            (request, value) => request.IsBackground = value.Boolean),
        Row.Of<ResponsesRequest>("store", JsonKinds.Boolean,
            "Whether the response is kept, to be got and gone on from. Default: true.",
            "false", ReadStore),
        Row.Of<ResponsesRequest>("tools", JsonKinds.Array,
            "Tools the model may call; refused where its chat template does not show them.",
            "[{\"type\": \"function\", \"name\": \"f\"}]", ReadTools) with { Inside = () => ToolTable },
        Row.Of<ResponsesRequest>("tool_choice", JsonKinds.String | JsonKinds.Object,
            "`auto`, `none`, `required`, or one by its name.",
            "\"none\"", ReadChoice) with
        {
            OneOf = ["auto", "none", "required"],
            Inside = () => ChoiceTable,
            ExampleNeeds = "\"tools\": [{\"type\": \"function\", \"name\": \"f\"}]",
        },
        Row.Of<ResponsesRequest>("parallel_tool_calls", JsonKinds.Boolean,
            "Whether an answer may call several tools. Default: true.", "false",
            (request, value) => Keep(request, value, "parallel_tool_calls").Job.AllowsSeveralCalls = value.Boolean)
            with { ExampleNeeds = "\"tools\": [{\"type\": \"function\", \"name\": \"f\"}]" },
        Row.Of<ResponsesRequest>("reasoning", JsonKinds.Object, "How much the model thinks.", "{\"effort\": \"low\"}",
            (request, value) => value.Into(ReasoningTable, Keep(request, value, "reasoning")))
            with { Inside = () => ReasoningTable },
        Row.Of<ResponsesRequest>("text", JsonKinds.Object, "What form the answer has.",
            "{\"format\": {\"type\": \"json_object\"}}",
            (request, value) => value.Into(TextTable, Keep(request, value, "text"))) with { Inside = () => TextTable },
        .. SamplingFields.Rows.Select(row => row.In<ResponsesRequest>(request => request.Job.Generation)),
        .. Row.Some<GenerationSettings, ResponsesRequest>(GenerationFields.Rows, request => request.Job.Generation,
            "seed", "stop", "stop_token_ids", "ignore_eos", "min_tokens", "cache_prompt", "cache_salt", "priority"),
        Row.Of<ResponsesRequest>("metadata", JsonKinds.Object, "The client's own notes; the response tells them again. Up to 16 "
            + "texts of up to 512 letters, under names of up to 64.",
            "{\"run\": \"7\"}", ReadMetadata),
        Row.Refused<ResponsesRequest>("truncation", JsonKinds.String, "\"auto\"", ["\"disabled\""],
            "prompts are never cut; send what fits."),
        Row.Of<ResponsesRequest>("include", JsonKinds.Array,
            "What is told beside the answer: `message.output_text.logprobs`, the log-probability of each of its tokens.",
            "[\"message.output_text.logprobs\"]", ReadInclude),
        Row.Of<ResponsesRequest>("top_logprobs", JsonKinds.Integer,
            "With `message.output_text.logprobs` in `include`: so many of the most probable tokens at each place, too.", "2",
            ReadTop) with
        {
            Least = 0,
            Most = 20,
            Option = "Logprobs",
            ExampleNeeds = "\"include\": [\"message.output_text.logprobs\"]",
        },
        Row.Refused<ResponsesRequest>("max_tool_calls", JsonKinds.Integer, "2", [],
            "no tool runs here; call them, and send what they gave."),
        Row.Refused<ResponsesRequest>("conversation", JsonKinds.String | JsonKinds.Object, "\"conv_1\"", [],
            "use previous_response_id."),
        Row.Refused<ResponsesRequest>("prompt", JsonKinds.Object, "{\"id\": \"x\"}", [],
            "prompts of clients are not kept; send them."),
        Row.Refused<ResponsesRequest>("service_tier", JsonKinds.String, "\"flex\"", ["\"auto\"", "\"default\""],
            "there is one tier."),
        Row.Refused<ResponsesRequest>("stream_options", JsonKinds.Object, "{\"include_obfuscation\": true}",
            ["{\"include_obfuscation\": false}", "{}"], "events are as long as their text."),
        .. new[] { "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention" }.Select(name =>
            Row.Without<ResponsesRequest>(name, JsonKinds.String, "\"me\"", "Says who asks; nothing here depends on it.")),
    ]);

    private static void ReadInclude(ResponsesRequest request, FieldValue value)
    {
        foreach (FieldValue item in value.Items())
        {
            if (item.Text != Logprobs)
            {
                throw ApiException.Unsupported(
                    $"{item.Path} is {FieldValue.Cut(item.Text)}; {Logprobs} is what can be told.", item.Path);
            }

            request.Job.Generation.Logprobs ??= 0;
        }
    }

    private static void ReadTop(ResponsesRequest request, FieldValue value)
    {
        if (request.Job.Generation.Logprobs is not null)
        {
            request.Job.Generation.Logprobs = value.Integer;
        }
        else if (value.Integer > 0)
        {
            throw ApiException.Invalid($"top_logprobs does nothing without {Logprobs} in include; give that, too.", value.Path,
                "missing_field");
        }
    }

    private static ResponsesRequest Keep(ResponsesRequest request, FieldValue value, string name)
    {
        request.Echo[name] = value.Json.Clone();
        return request;
    }

    private static void ReadMetadata(ResponsesRequest request, FieldValue value)
    {
        const int MostPairs = 16, MostLetters = 512, MostNameLetters = 64;
        int pairs = 0;
        foreach (JsonProperty pair in value.Json.EnumerateObject())
        {
            var note = new FieldValue(pair.Value, $"{value.Path}.{(pair.Name.Length <= MostNameLetters ? pair.Name : "...")}");
            if (++pairs > MostPairs)
                throw value.Wrong($"{MostPairs} notes are the most");
            if (pair.Name.Length > MostNameLetters)
                throw note.Wrong($"its name has {pair.Name.Length} letters, and {MostNameLetters} are the most");
            if (note.Text.Length > MostLetters)
                throw note.Wrong($"it has {note.Text.Length} letters, and {MostLetters} are the most");
        }

        Keep(request, value, "metadata");
    }

    private static void ReadStore(ResponsesRequest request, FieldValue value)
    {
        request.IsStored = value.Boolean;
        if (!value.Boolean && request.IsBackground)
            throw ApiException.Invalid("background needs store: nobody could get the response.", value.Path, "invalid_value");
    }

    private static void ReadTools(ResponsesRequest request, FieldValue value)
    {
        foreach (FieldValue item in value.Items())
        {
            ToolDraft tool = item.Into(ToolTable, new ToolDraft());
            var shown = new ChatTool { Name = tool.Name, Description = tool.Description };
            request.Job.Add(tool.Parameters is { } schema ? shown with { Parameters = schema } : shown, tool.IsStrict,
                $"{item.Path}.name");
        }

        Keep(request, value, "tools");
    }

    private static void ReadChoice(ResponsesRequest request, FieldValue value)
    {
        ChatJob job = request.Job;
        if (!value.IsString)
            value.Into(ChoiceTable, request);
        job.ToolChoice = !value.IsString ? ToolChoice.Named : value.Text switch
        {
            "none" => ToolChoice.None,
            "required" => ToolChoice.Required,
            _ => ToolChoice.Auto,
        };
        if (job.Tools.Count == 0 && job.ToolChoice is ToolChoice.Required or ToolChoice.Named)
            throw ApiException.Invalid($"{value.Path} is for tools, and there are none; give tools.", value.Path,
                "missing_field");
        if (job.NamedTool is { } name && job.Tools.All(tool => tool.Name != name))
        {
            throw ApiException.Invalid($"{value.Path} names {name}; there are "
                + $"{string.Join(", ", job.Tools.Select(tool => tool.Name))}.", value.Path, "invalid_value");
        }

        Keep(request, value, "tool_choice");
    }

    private static void ReadFormat(ResponsesRequest request, FieldValue value)
    {
        FormatDraft format = value.Into(FormatTable, new FormatDraft());
        if (format.Type == "json_schema" && format.Schema is null)
            throw ApiException.Invalid($"{value.Path}.schema is missing.", $"{value.Path}.schema", "missing_field");
        if (format.Type != "json_schema" && format.Schema is not null)
        {
            throw ApiException.Invalid($"{value.Path}.schema is for the type json_schema.", $"{value.Path}.schema",
                "invalid_value");
        }

        if (format.Type == "json_schema")
        {
            var schema = new FieldValue(format.Schema!.Value, $"{value.Path}.schema");
            GrammarFields.Set(request.Job.Generation, schema, () => Grammar.JsonSchema(schema.Json.GetRawText()));
        }
        else if (format.Type == "json_object")
        {
            var type = new FieldValue(value.Json.GetProperty("type"), $"{value.Path}.type");
            GrammarFields.Set(request.Job.Generation, type, () => Grammar.Json());
        }
    }

    private sealed class ToolDraft
    {
        public string Name { get; set; } = "";

        public string Description { get; set; } = "";

        public JsonElement? Parameters { get; set; }

        public bool IsStrict { get; set; }
    }

    private sealed class FormatDraft
    {
        public string Type { get; set; } = "";

        public JsonElement? Schema { get; set; }
    }
}
