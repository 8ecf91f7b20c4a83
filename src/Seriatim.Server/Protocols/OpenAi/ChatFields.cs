using System.Text.Json;

namespace Seriatim.Server;

/// <summary>The fields of <c>/v1/chat/completions</c>.</summary>
internal static class ChatFields
{
    public static FieldTable<ChatRequest> Table { get; } = new("POST /v1/chat/completions",
    [
        CommonFields.Model<ChatRequest>((request, name) => request.Job.Model = name),
        new()
        {
            Name = "messages",
            Kinds = JsonKinds.Array,
            IsRequired = true,
            Doc = "The conversation, at least one message.",
            Example = "[{\"role\": \"user\", \"content\": \"Hello\"}]",
            Inside = () => MessageFields.Table,
            Read = (request, value) => MessageFields.Read(request.Job, value),
        },
        .. ToolFields.Rows.Select(row => row.In<ChatRequest>(request => request.Job)),
        .. Own(),
        PromptLogprobs.Row.In<ChatRequest>(request => request.Job.Generation),
        .. GenerationFields.Rows.Select(row => row.In<ChatRequest>(request => request.Job.Generation)),
        .. StreamFields.Rows.Select(row => row.In<ChatRequest>(request => request.Output)),
        .. CommonFields.Rows<ChatRequest>(),
        .. NotHere(),
    ]);

    private static IEnumerable<Field<ChatRequest>> Own() =>
    [
        MaxTokens("max_completion_tokens", ""),
        MaxTokens("max_tokens", " The older name of max_completion_tokens, which wins if both are given."),
        new()
        {
            Name = "logprobs",
            Kinds = JsonKinds.Boolean,
            Doc = "Send the log-probability of each new token. Default: false.",
            Example = "true",
            Read = (request, value) =>
            {
                request.WantsLogprobs = value.Boolean;
                request.Job.Generation.Logprobs = value.Boolean ? 0 : null;
            },
        },
        new()
        {
            Name = "top_logprobs",
            Kinds = JsonKinds.Integer,
            Least = 0,
            Most = 20,
            Doc = "With `logprobs`: so many of the most probable tokens at each place, too.",
            Example = "2",
            ExampleNeeds = "\"logprobs\": true",
            Option = "Logprobs",
            Read = (request, value) => request.Job.Generation.Logprobs = request.WantsLogprobs ? value.Integer
                : throw ApiException.Invalid("top_logprobs does nothing without logprobs; set that to true, too.", value.Path,
                    "missing_field"),
        },
        new()
        {
            Name = "chat_template_kwargs",
            Kinds = JsonKinds.Object,
            Doc = "Variables for the model's chat template, such as `enable_thinking` (vLLM). One that it does not read is "
                + "refused.",
            Example = "{\"mood\": \"glad\"}",
            Read = ReadVariables,
        },
        new()
        {
            Name = "reasoning_effort",
            Kinds = JsonKinds.String,
            OneOf = ["none", "minimal", "low", "medium", "high", "xhigh"],
            Doc = "Given to the chat template; refused where it does not read it.",
            Example = "\"low\"",
            Read = (request, value) => request.Job.Variables[ChatJob.ReasoningEffort] = value.Text,
        },
        new()
        {
            Name = "add_generation_prompt",
            Kinds = JsonKinds.Boolean,
            Doc = "Whether the prompt ends with the opening of an answer (vLLM). Default: true.",
            Example = "false",
            Read = (request, value) => request.Job.OpensAnswer = value.Boolean,
        },
        new()
        {
            Name = "continue_final_message",
            Kinds = JsonKinds.Boolean,
            Doc = "Go on with the last message instead of answering it (vLLM); needs `add_generation_prompt` false. Default: "
                + "false.",
            Example = "true",
            ExampleNeeds = "\"add_generation_prompt\": false",
            Read = (request, value) => request.Job.ContinuesLast = value.Boolean,
        },
        new()
        {
            Name = "echo",
            Kinds = JsonKinds.Boolean,
            Doc = "With `continue_final_message`: begin the answer with the text of the last message (vLLM). Default: false.",
            Example = "true",
            ExampleNeeds = "\"add_generation_prompt\": false, \"continue_final_message\": true",
            Read = (request, value) => request.Echoes = !value.Boolean || request.Job.ContinuesLast ? value.Boolean
                : throw ApiException.Invalid("echo does nothing without continue_final_message; set that to true, too.",
                    value.Path, "missing_field"),
        },
    ];

    private static IEnumerable<Field<ChatRequest>> NotHere() =>
    [
        CommonFields.Refused<ChatRequest>("modalities", JsonKinds.Array, "[\"audio\"]", ["[\"text\"]"], "answers are text."),
        CommonFields.Refused<ChatRequest>("audio", JsonKinds.Object, "{\"voice\": \"alloy\"}", [], "answers are text."),
        CommonFields.Refused<ChatRequest>("web_search_options", JsonKinds.Object, "{}", [], "the server searches nothing."),
        CommonFields.Refused<ChatRequest>("functions", JsonKinds.Array, "[{\"name\": \"f\"}]", ["[]"],
            "it was replaced by `tools`; use that."),
        CommonFields.Refused<ChatRequest>("function_call", JsonKinds.String | JsonKinds.Object, "\"auto\"", ["\"none\""],
            "it was replaced by `tool_choice`; use that."),
        CommonFields.Refused<ChatRequest>("verbosity", JsonKinds.String, "\"low\"", ["\"medium\""],
            "models here know no such thing; say in a message how long answers should be."),
        CommonFields.Refused<ChatRequest>("chat_template", JsonKinds.String, "\"{{ messages }}\"", [],
            "templates are programs, and those of clients are not run; write the prompt yourself for `/v1/completions`."),
        CommonFields.Refused<ChatRequest>("documents", JsonKinds.Array, "[{\"text\": \"x\"}]", ["[]"],
            "put what is to be read into a message."),
        CommonFields.Without<ChatRequest>("prediction", JsonKinds.Object, "{\"type\": \"content\", \"content\": \"x\"}",
            "A guess at the answer, by its meaning without effect on it; drafts come from a draft model (`-md`)."),
    ];

    private static Field<ChatRequest> MaxTokens(string name, string more) => new()
    {
        Name = name,
        Kinds = JsonKinds.Integer,
        Least = 1,
        Doc = $"Most new tokens. Default: the model's, else as many as fit.{more}",
        Example = "5",
        Option = "MaxNewTokens",
        Read = (request, value) => request.Job.Generation.MaxTokens ??= value.Integer,
    };

    private static void ReadVariables(ChatRequest request, FieldValue value)
    {
        foreach (JsonProperty variable in value.Json.EnumerateObject())
        {
            if (variable.Name is "messages" or "tools" or "add_generation_prompt")
            {
                throw ApiException.Invalid($"{value.Path}.{variable.Name} is a field of the request itself; give it there.",
                    value.Path, "invalid_value");
            }

            // The body is gone when the template runs.
            request.Job.Variables[variable.Name] = variable.Value.Clone();
        }
    }
}
