using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Length, seed, stops, beams, caches: what all requests that generate have in common.</summary>
internal static class GenerationFields
{
    /// <summary>The rows.</summary>
    public static IEnumerable<Field<GenerationSettings>> Rows { get; } =
    [
        .. SamplingFields.Rows,
        .. GrammarFields.Rows,
        .. Lengths(),
        .. Beams(),
        .. Running(),
        .. NotHere(),
    ];

    private static IEnumerable<Field<GenerationSettings>> Lengths() =>
    [
        new()
        {
            Name = "seed",
            Kinds = JsonKinds.Integer,
            Doc = "Seed of the random numbers: the same request with the same seed gives the same bytes, whatever else runs. "
                + "Default: one is drawn, and the request's record tells it.",
            Example = "7",
            Option = "Seed",
            Read = (settings, value) => settings.Seed = value.Seed,
        },
        new()
        {
            Name = "n",
            Kinds = JsonKinds.Integer,
            Least = 1,
            Doc = "How many answers. Default: 1.",
            Example = "2",
            Option = "Count",
            Read = (settings, value) => settings.Count = value.Integer,
        },
        new()
        {
            Name = "stop",
            Kinds = JsonKinds.String | JsonKinds.Array,
            MostItems = 64,
            MostLength = 1024,
            Doc = "A text, or several, at which the answer ends; it is not part of the answer. The model's own stay.",
            Example = "[\"\\n\\n\"]",
            Option = "StopStrings",
            Read = (settings, value) => settings.Stop = value.Texts,
        },
        new()
        {
            Name = "stop_token_ids",
            Kinds = JsonKinds.Array,
            MostItems = 1024,
            Doc = "Token ids at which the answer ends (vLLM).",
            Example = "[3]",
            Option = "StopIds",
            Read = (settings, value) => settings.StopIds = value.Integers,
        },
        new()
        {
            Name = "ignore_eos",
            Kinds = JsonKinds.Boolean,
            Doc = "Never choose a token that ends the text (vLLM, llama.cpp). Default: false.",
            Example = "true",
            Option = "IgnoreEndIds",
            Read = (settings, value) => settings.IgnoresEnd = value.Boolean,
        },
        new()
        {
            Name = "min_tokens",
            Kinds = JsonKinds.Integer,
            Least = 0,
            Doc = "Fewest new tokens (vLLM). Default: the model's.",
            Example = "2",
            Option = "MinNewTokens",
            Read = (settings, value) => settings.MinTokens = value.Integer,
        },
        new()
        {
            Name = "t_max_predict_ms",
            Kinds = JsonKinds.Integer,
            Least = 1,
            Doc = "The longest the request may take, in milliseconds (llama.cpp); then it ends with what it has.",
            Example = "60000",
            Option = "Timeout",
            Read = (settings, value) => settings.Timeout = TimeSpan.FromMilliseconds(value.Integer),
        },
    ];

    private static IEnumerable<Field<GenerationSettings>> Beams() =>
    [
        new()
        {
            Name = "best_of",
            Kinds = JsonKinds.Integer,
            Least = 1,
            Doc = "Generate so many and answer with the `n` whose tokens are most probable on average; with "
                + "`use_beam_search`, the number of beams.",
            Example = "3",
            Option = "BestOf",
            Read = (settings, value) => settings.BestOf = value.Integer,
        },
        new()
        {
            Name = "use_beam_search",
            Kinds = JsonKinds.Boolean,
            Doc = "Beam search in place of sampling (vLLM). Beams: `best_of`, else `n` if it is more than 1, else 4. Default: "
                + "false.",
            Example = "true",
            Option = "Beam",
            Read = (settings, value) => settings.UsesBeams = value.Boolean,
        },
        new()
        {
            Name = "length_penalty",
            Kinds = JsonKinds.Number,
            Doc = "Beam search: a hypothesis has the score sum / length^penalty. Default: 1.",
            Example = "0.5",
            ExampleNeeds = "\"use_beam_search\": true",
            Option = "Beam.LengthPenalty",
            Read = (settings, value) => settings.LengthPenalty = OfBeams(settings, value).Number,
        },
        new()
        {
            Name = "early_stopping",
            Kinds = JsonKinds.Boolean,
            Doc = "Beam search: stop as soon as there are as many hypotheses as beams. Default: false.",
            Example = "true",
            ExampleNeeds = "\"use_beam_search\": true",
            Option = "Beam.EarlyStopping",
            Read = (settings, value) => settings.EarlyStopping = OfBeams(settings, value).Boolean,
        },
    ];

    private static IEnumerable<Field<GenerationSettings>> Running() =>
    [
        new()
        {
            Name = "cache_prompt",
            Kinds = JsonKinds.Boolean,
            Doc = "Whether what was computed for the same beginning before may be used (llama.cpp); changes no output. "
                + "Default: true.",
            Example = "false",
            Option = "UsePrefixCache",
            Read = (settings, value) => settings.UsesPrefixCache = value.Boolean,
        },
        new()
        {
            Name = "cache_salt",
            Kinds = JsonKinds.String,
            MostLength = 1024,
            Doc = "Shares computed prompts with requests of the same salt alone (vLLM); changes no output.",
            Example = "\"tenant\"",
            Option = "CacheSalt",
            Read = (settings, value) => settings.CacheSalt = value.Text,
        },
        new()
        {
            Name = "priority",
            Kinds = JsonKinds.Integer,
            Least = 0,
            Most = 1000,
            Doc = "The higher, the later it goes (vLLM). A request can let others go first, not push ahead: that is for its "
                + "key to say. Default: 0.",
            Example = "3",
            Option = "Priority",
            Read = (settings, value) => settings.Patience = value.Integer,
        },
    ];

    private static IEnumerable<Field<GenerationSettings>> NotHere() =>
    [
        new()
        {
            Name = "skip_special_tokens",
            Kinds = JsonKinds.Boolean,
            Fate = FieldFate.Refused,
            Neutral = ["true"],
            Doc = "special tokens are no text of an answer; `return_token_ids` shows all ids.",
            Example = "false",
        },
        new()
        {
            Name = "include_stop_str_in_output",
            Kinds = JsonKinds.Boolean,
            Fate = FieldFate.Refused,
            Neutral = ["false"],
            Doc = "answers end before the text that stops them.",
            Example = "true",
        },
        new()
        {
            Name = "id_slot",
            Kinds = JsonKinds.Integer,
            Fate = FieldFate.Refused,
            Neutral = ["-1"],
            Doc = "there are no slots: every request shares what is computed already.",
            Example = "1",
        },
        new()
        {
            Name = "truncate_prompt_tokens",
            Kinds = JsonKinds.Integer,
            Fate = FieldFate.Refused,
            Doc = "prompts are never cut; send what fits.",
            Example = "10",
        },
    ];

    private static FieldValue OfBeams(GenerationSettings settings, FieldValue value) => settings.UsesBeams ? value
        : throw ApiException.Invalid($"{value.Path} does nothing without use_beam_search; give that, too.", value.Path,
            "missing_field");
}
