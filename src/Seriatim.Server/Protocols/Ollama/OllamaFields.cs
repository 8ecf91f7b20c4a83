using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The fields of ollama's requests.</summary>
internal static class OllamaFields
{
    private static readonly string[] Same =
    [
        "temperature", "top_k", "top_p", "min_p", "typical_p", "repeat_penalty", "repeat_last_n", "presence_penalty",
        "frequency_penalty", "mirostat", "mirostat_tau", "mirostat_eta",
    ];

    private static readonly FieldTable<OllamaRequest> OptionTable = new("options",
    [
        .. Row.Some<GenerationSettings, OllamaRequest>(SamplingFields.Rows, request => request.Chat.Generation, Same),
        .. Row.Some<GenerationSettings, OllamaRequest>(GenerationFields.Rows, request => request.Chat.Generation, "seed", "stop"),
        Row.Of<OllamaRequest>("num_predict", JsonKinds.Integer,
            "Most new tokens; -1 or -2: as many as fit. Default: the model's.", "5",
            (request, value) => request.Chat.Generation.Limit(value.Integer < 0 ? null : value.Integer)) with
        { Least = -2, Option = "MaxNewTokens" },
        Row.Of<OllamaRequest>("num_ctx", JsonKinds.Integer,
            "How much context is needed: refused if the model has less. There is no cost to having more.", "16",
            (request, value) => request.Context = value.Integer) with { Least = 1 },
        .. new[]
        {
            "num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_gqa"
        }.Select(name => Row.Without<OllamaRequest>(
            name, JsonKinds.Integer, "4", "How ollama's runner works; what is computed does not depend on it here.")),
        .. new[]
        {
            "numa", "low_vram", "use_mmap", "use_mlock", "f16_kv", "vocab_only"
        }.Select(name => Row.Without<OllamaRequest>(
            name, JsonKinds.Boolean, "true", "How ollama's runner keeps a model; it is for the server to say here.")),
        Row.Refused<OllamaRequest>("tfs_z", JsonKinds.Number, "0.5", ["1", "1.0"],
            "tail-free sampling is not built; min_p does its work."),
        Row.Refused<OllamaRequest>("penalize_newline", JsonKinds.Boolean, "true", ["false"],
            "line ends are penalised as other tokens."),
        Row.Refused<OllamaRequest>("draft_num_predict", JsonKinds.Integer, "4", [],
            "a draft model is the server's to choose (-md)."),
    ]);

    /// <summary>What a client of .NET writes into every body.</summary>
    public static Field<T> Headers<T>() => Row.Without<T>("CustomHeaders", JsonKinds.Object, "{}",
        "OllamaSharp sends its own headers' list along; the headers themselves count.");

    /// <summary>What both have.</summary>
    public static IEnumerable<Field<OllamaRequest>> Common(bool isChat) =>
    [
        CommonFields.Model<OllamaRequest>((request, name) => request.Chat.Model = name),
        Headers<OllamaRequest>(),
        Row.Of<OllamaRequest>("stream", JsonKinds.Boolean,
            "Send the answer as it is written, in lines of JSON. Default: true.", "false",
            (request, value) => request.Streams = value.Boolean),
        Row.Of<OllamaRequest>("format", JsonKinds.String | JsonKinds.Object,
            "`json`: the answer is a JSON object; a JSON schema: it follows that.", "\"json\"", ReadFormat),
        Row.Of<OllamaRequest>("options", JsonKinds.Object, "How tokens are chosen.", "{\"temperature\": 0.3}",
            (request, value) => value.Into(OptionTable, request)) with { Inside = () => OptionTable },
        Row.Of<OllamaRequest>("keep_alive", JsonKinds.String | JsonKinds.Number,
            "How long the model stays open afterwards, until another request uses it: seconds or a duration; 0: "
                + "not at all; less: for ever. What the server keeps for ever stays.", "\"5m\"",
            (request, value) => request.KeepAlive = OllamaKeepAlive.Read(value)),
        Row.Of<OllamaRequest>("think", JsonKinds.Boolean | JsonKinds.String,
            "Whether the model thinks first, or how much (`low`, `medium`, `high`); refused where its template cannot say it.",
            "false", ReadThink),
        Row.Of<OllamaRequest>("logprobs", JsonKinds.Boolean, "Send the log-probability of each new token. Default: false.",
            "true", (request, value) => request.Chat.Generation.Logprobs = value.Boolean ? 0 : null),
        Row.Of<OllamaRequest>("top_logprobs", JsonKinds.Integer,
            "With `logprobs`: so many of the most probable tokens at each place, too.", "2", ReadTop)
            with { Least = 0, Most = 20, Option = "Logprobs", ExampleNeeds = "\"logprobs\": true" },
        Row.Refused<OllamaRequest>("truncate", JsonKinds.Boolean, "true", ["false"], "prompts are never cut; send what fits."),
        Row.Refused<OllamaRequest>("shift", JsonKinds.Boolean, "true", ["false"],
            "nothing of a prompt is dropped; answers end where it is full."),
    ];

    public static FieldTable<OllamaRequest> Generate { get; } = new("POST /api/generate",
    [
        .. Common(isChat: false),
        Row.Of<OllamaRequest>("prompt", JsonKinds.String,
            "What is asked. Empty: the model is opened, or closed by `keep_alive` 0.",
            "\"the cat\"", (request, value) => request.Prompt = value.Text),
        Row.Of<OllamaRequest>("system", JsonKinds.String, "What the model is told first.", "\"sing\"",
            (request, value) => request.System = value.Text),
        Row.Of<OllamaRequest>("raw", JsonKinds.Boolean,
            "Whether the prompt goes to the model without a template. Default: false.",
            "true", (request, value) => request.IsRaw = value.Boolean),
        Row.Refused<OllamaRequest>("suffix", JsonKinds.String, "\"end\"", ["\"\""], "no model here fills in between two texts."),
        Row.Refused<OllamaRequest>("images", JsonKinds.Array, "[\"eA==\"]", ["[]"], "pictures are not read."),
        Row.Refused<OllamaRequest>("template", JsonKinds.String, "\"x\"", ["\"\""], "templates of clients are not run; use raw."),
        Row.Refused<OllamaRequest>("context", JsonKinds.Array, "[1]", ["[]"],
            "use /api/chat with all messages; what was read before is found again."),
    ]);

    public static FieldTable<OllamaRequest> Chat { get; } = new("POST /api/chat",
    [
        .. Common(isChat: true),
        Row.Of<OllamaRequest>("tools", JsonKinds.Array,
            "Tools the model may call; refused where its chat template does not show them.",
            "[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]",
            (request, value) => ToolFields.ReadTools(request.Chat, value)),
        Row.Of<OllamaRequest>("messages", JsonKinds.Array,
            "The conversation. Empty: the model is opened, or closed by `keep_alive` 0.",
            "[{\"role\": \"user\", \"content\": \"the cat\"}]", (request, value) =>
            {
                request.IsChat = true;
                OllamaMessages.Read(request.Chat, value);
            }) with { Inside = () => OllamaMessages.Table },
    ]);

    private static void ReadTop(OllamaRequest request, FieldValue value)
    {
        if (request.Chat.Generation.Logprobs is not null)
            request.Chat.Generation.Logprobs = value.Integer;
        else if (value.Integer > 0)
            throw ApiException.Invalid("top_logprobs does nothing without logprobs; set that to true, too.", value.Path,
                "missing_field");
    }

    private static void ReadFormat(OllamaRequest request, FieldValue value)
    {
        if (value.IsString && value.Text.Length == 0)
            return;
        if (value.IsString && value.Text != "json")
            throw value.Wrong("\"json\" or a JSON schema is allowed");
        GrammarFields.Set(request.Chat.Generation, value,
            () => value.IsString ? Grammar.Json() : Grammar.JsonSchema(value.Json.GetRawText()));
    }

    private static void ReadThink(OllamaRequest request, FieldValue value)
    {
        if (value.Json.ValueKind == JsonValueKind.String)
        {
            if (value.Text is not ("low" or "medium" or "high"))
                throw value.Wrong("true, false, low, medium or high are allowed");
            request.Chat.Variables[ChatJob.ReasoningEffort] = value.Text;
            return;
        }

        (request.Chat.Thinks, request.Chat.ThinksField) = (value.Boolean, "think");
    }
}
