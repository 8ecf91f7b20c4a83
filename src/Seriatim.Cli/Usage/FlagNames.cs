using System.Text.RegularExpressions;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>
/// What users call the options of the library: messages of the command line name flags. The one table; a test goes
/// over all options of requests and engines.
/// </summary>
internal static partial class FlagNames
{
    /// <summary>Options that a flag sets, without those of the samplers' table.</summary>
    private static readonly Dictionary<string, string> Own = new()
    {
        ["MaxNewTokens"] = "--max-tokens (-n)",
        ["SoftMaxNewTokens"] = "--max-tokens (-n)",
        ["MinNewTokens"] = "--min-tokens",
        ["Seed"] = "--seed",
        ["Count"] = "--n",
        ["BestOf"] = "--best-of",
        ["IgnoreEndIds"] = "--ignore-eos",
        ["StopIds"] = "--stop-token-ids",
        ["StopStrings"] = "--stop",
        ["ForcedPrefix"] = "--forced-prefix",
        ["Logprobs"] = "--logprobs",
        ["PromptLogprobs"] = "--prompt-logprobs",
        ["Timeout"] = "--max-time",
        ["Window"] = "--window",
        ["Window.Size"] = "--window",
        ["Window.Sinks"] = "--sinks",
        ["Rope"] = "--rope-scaling",
        ["Rope.Theta"] = "--rope-freq-base",
        ["Rope.Scaling"] = "--rope-scaling",
        ["Beam"] = "--beams",
        ["Beam.Beams"] = "--beams",
        ["Beam.LengthPenalty"] = "--length-penalty",
        ["Beam.EarlyStopping"] = "--early-stopping",
        ["Beam.Groups"] = "--num-beam-groups",
        ["Beam.DiversityPenalty"] = "--diversity-penalty",
        ["MaskPredict.Iterations"] = "--iterations",
        ["MaskPredict.LengthCandidates"] = "--length-candidates",
        ["Beams"] = "--beams",
        ["LengthPenalty"] = "--length-penalty",
        ["Iterations"] = "--iterations",
        ["LengthCandidates"] = "--length-candidates",
        ["Shortlist"] = "--vmap",
        ["Adapter"] = "--lora",
        ["VocabularyMap"] = "--vmap",
        ["Speculation"] = "--draft-model or --prompt-lookup",
        ["Speculation.Kind"] = "--draft-model or --prompt-lookup",
        ["Speculation.MaxTokens"] = "--draft-max",
        ["Speculation.MaxNgram"] = "--lookup-ngram-size",
        ["Speculation.Branches"] = "--lookup-branches",
        ["Sampling"] = "a flag of sampling (--temp, --top-k, --top-p, ...)",
        ["Sampling.Order"] = "--sampler-order",
        ["Sampling.Penalties"] = "a flag of penalties (--repeat-penalty, ...)",
        ["Sampling.Penalties.LastN"] = "--repeat-last-n",
        ["Sampling.Penalties.Dry.Breakers"] = "--dry-sequence-breaker",
        ["Sampling.Grammar"] = "--grammar, --grammar-file, --json-schema, --regex or --choice",
        ["Sampling.Constraints"] = "a flag of constraints (--logit-bias, --bad-words, ...)",
        ["Sampling.Constraints.LogitBias"] = "--logit-bias",
        ["Sampling.Constraints.BadWords"] = "--bad-words",
        ["Sampling.Constraints.Suppressed"] = "--suppress-tokens",
        ["Sampling.Constraints.Allowed"] = "--allowed-tokens",
        ["Pages"] = "--ctx-size (-c)",
        ["MemoryBytes"] = "--ctx-size (-c)",
        ["KeyValueType"] = "--cache-type",
        ["DraftModel"] = "--draft-model",
        ["MaxSequences"] = "--n",
        ["Pooling"] = "--pooling",
        ["Normalize"] = "--no-normalize",
    };

    /// <summary>Options that come from texts and models: words for them, and no wrong command line.</summary>
    private static readonly Dictionary<string, string> Words = new()
    {
        ["Prompt"] = "the prompt",
        ["Tokens"] = "the text",
        ["EncoderInput"] = "the text",
        ["Tokenizer"] = "the tokenizer",
        ["Model"] = "the model",
        ["EndIds"] = "an end token of the model",
        ["ShownIds"] = "a token that is shown",
        ["ForcedEndId"] = "the forced end token of the model",
        ["SuppressedIds"] = "a suppressed token of the model",
        ["TokenTypes"] = "the kinds of the text's tokens",
        ["LogitsAt"] = "the place asked for",
        ["MorePooling"] = "further poolings of the model",
        ["Strategy"] = "the strategy of the program",
        ["ShownIds"] = "the special tokens that are shown",
        ["Sampling.Processors"] = "a processor of the program",
        ["Sampling.Constraints.SequenceBiases"] = "a bias of the model",
        ["Speculation.MinNgram"] = "the shortest n-gram that is looked for",
        ["Speculation.Always"] = "drafting at any cost",
        ["MaskPredict"] = "filling in whole texts",
        ["MaskPredict.StreamsSteps"] = "the steps of the stream",
        ["Priority"] = "the priority",
        ["UsePrefixCache"] = "the use of the prefix cache",
        ["CacheSalt"] = "the salt of the prefix cache",
        ["Pattern"] = "global tokens and random blocks",
        ["PrefixCache"] = "the prefix cache",
        ["PageSize"] = "the size of a page",
        ["States"] = "the number of recurrent states",
        ["TokenBudget"] = "the tokens of a step",
        ["StepTime"] = "the time of a step",
        ["PrefillChunk"] = "the piece of a prompt",
        ["MaxQueuedRequests"] = "the length of the queue",
        ["MaxOvertaking"] = "overtaking in the queue",
        ["AgeingSteps"] = "the ageing of requests that wait",
        ["MaxUnreadUpdates"] = "the updates that wait to be read",
        ["MaxLogprobs"] = "the limit of alternatives",
        ["Clock"] = "the clock",
        ["Logger"] = "the logger",
    };

    /// <summary>Options that a flag sets.</summary>
    private static readonly Dictionary<string, string> Flags = new(Own.Concat(OfSamplers()));

    /// <summary>Short names that messages use for options of the same record.</summary>
    private static readonly Dictionary<string, string> Short = Flags.Keys.Concat(Words.Keys)
        .GroupBy(name => name[(name.LastIndexOf('.') + 1)..]).Where(group => group.Count() == 1 || group.Contains(group.Key))
        .ToDictionary(group => group.Key, group => group.OrderBy(name => name.Length).First());

    /// <summary>All options there are names for.</summary>
    public static IEnumerable<string> Known => Flags.Keys.Concat(Words.Keys);

    /// <summary>All flags in the table.</summary>
    public static IEnumerable<string> All =>
        Flags.Values.SelectMany(text => FlagForm().Matches(text).Select(match => match.Value));

    /// <summary>Whether a flag sets the option, so that a wrong value is a wrong command line.</summary>
    public static bool HasFlag(string option) => Flags.ContainsKey(option);

    /// <summary>The flag of an option, or words for it.</summary>
    public static string Of(string option) => Flags.GetValueOrDefault(option) ?? Words.GetValueOrDefault(option) ?? option;

    /// <summary>A message of the library in the words of the command line.</summary>
    public static string Describe(GenerationException failure) => failure switch
    {
        InvalidOptionException invalid => Capital($"{Of(invalid.Option)} is {Value(invalid)}; {Translate(invalid.Allowed)}."),
        PromptTooLongException { NewTokens: > 0 } tooLong when tooLong.Length < tooLong.Limit =>
            $"The prompt has {tooLong.Length} tokens and -n asks for {tooLong.NewTokens} new ones, "
                + $"{(long)tooLong.Length + tooLong.NewTokens} in all; the model's context has {tooLong.Limit}. Shorten the "
                + $"prompt, or say -n {tooLong.Limit - tooLong.Length} or less.",
        RequestTooLargeException tooLarge => $"{Translate(tooLarge.Message)} (-n, --n, --beams and -c say how much that is.)",
        _ => failure.Message,
    };

    /// <summary>A sampler's first flag stands for its option, too, if that is one of several values.</summary>
    private static IEnumerable<KeyValuePair<string, string>> OfSamplers()
    {
        foreach (Sampler sampler in Samplers.HuggingFace.Where(sampler => sampler.Flags.Count > 0))
        {
            string first = $"Sampling.{sampler.Options[0].Path}";
            if (!sampler.Flags.Any(flag => $"Sampling.{flag.Option}" == first))
                yield return new(first, sampler.Flags[0].Names[0]);
            foreach (SamplerFlag flag in sampler.Flags)
                yield return new($"Sampling.{flag.Option}", flag.Names[0]);
        }
    }

    private static string Value(InvalidOptionException invalid) =>
        Convert.ToString(invalid.Value, System.Globalization.CultureInfo.InvariantCulture) is { Length: > 0 } text
            ? text
            : "empty";

    private static string Translate(string text) => OptionForm().Replace(text, match =>
        Flags.ContainsKey(match.Value) || Words.ContainsKey(match.Value) ? Of(match.Value)
        : Short.TryGetValue(match.Value, out string? full) && IsName(match.Value) ? Of(full)
        : match.Value);

    /// <summary>
    /// Names of options are written in one word with capitals inside, or with points; what begins a sentence is not.
    /// </summary>
    private static bool IsName(string word) => word.Skip(1).Any(char.IsAsciiLetterUpper) || word is "Count" or "Pooling";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+(\.[A-Z][A-Za-z]+)*\b")]
    private static partial Regex OptionForm();

    [GeneratedRegex(@"--[a-z0-9][a-z0-9-]*")]
    private static partial Regex FlagForm();
}
