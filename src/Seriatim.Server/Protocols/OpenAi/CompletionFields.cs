using System.Text.Json;

namespace Seriatim.Server;

/// <summary>The fields of <c>/v1/completions</c>.</summary>
internal static class CompletionFields
{
    public static FieldTable<CompletionRequest> Table { get; } = new("POST /v1/completions",
    [
        CommonFields.Model<CompletionRequest>((request, name) => request.Job.Model = name),
        new()
        {
            Name = "prompt",
            Kinds = JsonKinds.String | JsonKinds.Array,
            IsRequired = true,
            Doc = "The text to go on with: a text, a list of texts, a list of token ids, or a list of such lists. For an "
                + "encoder-decoder the text that its encoder reads.",
            Example = "\"Once upon a time\"",
            Option = "Prompt",
            Read = (request, value) => request.Job.Prompts.AddRange(ReadPrompts(value)),
        },
        new()
        {
            Name = "logprobs",
            Kinds = JsonKinds.Integer,
            Least = 0,
            Most = 20,
            Doc = "Send the log-probability of each token, and of so many of the most probable ones at its place.",
            Example = "2",
            Option = "Logprobs",
            Read = (request, value) => request.Job.Generation.Logprobs = value.Integer,
        },
        new()
        {
            Name = "echo",
            Kinds = JsonKinds.Boolean,
            Doc = "Begin the answer with the prompt; with `logprobs`, its tokens have theirs, too. Default: false.",
            Example = "true",
            Read = (request, value) =>
            {
                request.Echoes = value.Boolean;
                if (value.Boolean)
                    request.Job.Generation.PromptLogprobs = request.Job.Generation.Logprobs;
            },
        },
        MaxTokens(),
        CommonFields.Refused<CompletionRequest>("suffix", JsonKinds.String, "\"The end.\"", ["\"\""],
            "the models here write forwards and were not trained to fill in."),
        PromptLogprobs.Row.In<CompletionRequest>(request => request.Job.Generation),
        .. GenerationFields.Rows.Select(row => row.In<CompletionRequest>(request => request.Job.Generation)),
        .. StreamFields.Rows.Select(row => row.In<CompletionRequest>(request => request.Output)),
        .. CommonFields.Rows<CompletionRequest>(),
    ]);

    private static Field<CompletionRequest> MaxTokens() => new()
    {
        Name = "max_tokens",
        Kinds = JsonKinds.Integer,
        Least = 0,
        Doc = "Most new tokens; 0 with `echo`: the prompt alone. Default: the model's, else as many as fit.",
        Example = "5",
        Option = "MaxNewTokens",
        Read = (request, value) =>
        {
            request.Job.Generation.MaxTokens = value.Integer;
            if (value.Integer > 0)
                return;
            if (!request.Echoes)
                throw value.Wrong("1 or more is allowed, or 0 with echo");
            request.Job.Generation.PromptLogprobs ??= 0;
        },
    };

    private static IEnumerable<TextPrompt> ReadPrompts(FieldValue value)
    {
        if (value.IsString)
            return [new TextPrompt(value.Text, null)];
        FieldValue[] items = [.. value.Items()];
        if (items.Length == 0)
            throw value.Wrong("at least one prompt is needed");
        return items[0].Json.ValueKind switch
        {
            JsonValueKind.String => [.. items.Select(item => new TextPrompt(item.Text, null))],
            JsonValueKind.Number => [new TextPrompt(null, value.Integers)],
            _ => [.. items.Select(item => new TextPrompt(null, item.Integers))],
        };
    }
}
