using System.Text.Json;
using System.Text.RegularExpressions;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim;

/// <summary>Reads <c>generation_config.json</c>, by the names of Hugging Face transformers.</summary>
internal static partial class GenerationConfigReader
{
    /// <summary>
    /// Keys that cannot change a text: how results are handed over, how memory is kept, speed, who wrote the file.
    /// </summary>
    private static readonly HashSet<string> Inert = new(StringComparer.Ordinal)
    {
        "transformers_version", "_from_model_config", "trust_remote_code", "bos_token_id", "pad_token_id", "user_token_id",
        "assistant_token_id", "chat_format", "max_window_size", "return_dict_in_generate", "output_attentions",
        "output_hidden_states", "output_scores", "output_logits", "use_cache", "cache_implementation", "cache_config",
        "return_legacy_cache", "prefill_chunk_size", "low_memory", "compile_config", "disable_compile",
        "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold",
        "assistant_early_exit", "assistant_lookbehind", "target_lookbehind", "prompt_lookup_num_tokens",
        "max_matching_ngram_size", "continuous_batching_config",
    };

    /// <summary>Keys that we do not apply, and the value at which they change nothing.</summary>
    private static readonly Dictionary<string, string> Neutral = new[]
    {
        ("guidance_scale", "1"), ("penalty_alpha", "0"), ("num_return_sequences", "1"), ("renormalize_logits", "false"),
        ("remove_invalid_values", "false"), ("token_healing", "false"), ("encoder_no_repeat_ngram_size", "0"),
        ("begin_suppress_tokens", "[]"), ("force_words_ids", "[]"), ("constraints", "[]"),
    }.ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.Ordinal);

    /// <summary>What a model says by its files.</summary>
    /// <param name="path">Its folder, or its GGUF file.</param>
    /// <param name="config">Its config, for the ids that end a text.</param>
    /// <param name="vocabulary">Number of its token ids.</param>
    public static GenerationDefaults Read(string path, ModelConfig config, int vocabulary)
    {
        GenerationDefaults common = GenerationDefaults.Common with { EndIds = config.EosTokenIds };
        string? folder = Model.IsGguf(path) ? Path.GetDirectoryName(Path.GetFullPath(path)) : path;
        string file = Path.Combine(folder ?? "", GenerationDefaults.FileName);
        if (!File.Exists(file))
            return common;
        if (Model.IsGguf(path) && Others(folder!))
        {
            return common with
            {
                Notes = [$"{file} is not read: its folder holds other models too, and it does not say whose it is."],
            };
        }
        using JsonDocument json = LenientJson.Parse(file);
        if (json.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new ModelFormatException(file, $"holds a JSON {json.RootElement.ValueKind}; an object is needed.",
                "Correct the file or remove it.");
        }
        return Read(file, json.RootElement, common, vocabulary);
    }

    private static GenerationDefaults Read(string file, JsonElement root, GenerationDefaults common, int vocabulary)
    {
        var values = new JsonValues(file, root);
        GenerationDefaults read = common with
        {
            Sampling = Sampling(values, common.Sampling, vocabulary),
            MaxNewTokens = values.Whole("max_new_tokens", 1),
            MaxLength = values.Whole("max_length", 1),
            MinNewTokens = values.Whole("min_new_tokens", 0) ?? 0,
            MinLength = values.Whole("min_length", 0) ?? 0,
            EndIds = values.Ids("eos_token_id", vocabulary) ?? common.EndIds,
            StopStrings = values.Texts("stop_strings") ?? [],
            Beam = Beam(values),
            DecoderStartId = values.OneId("decoder_start_token_id", vocabulary),
            ForcedFirstId = values.OneId("forced_bos_token_id", vocabulary),
            ForcedEndId = values.Ids("forced_eos_token_id", vocabulary) is [var id, ..] ? id : null,
            Source = file,
        };
        return read with
        {
            Notes = [.. values.Rest.Where(property => !IsInert(property)).Select(property => Note(file, property))],
        };
    }

    private static SamplingOptions Sampling(JsonValues values, SamplingOptions common, int vocabulary)
    {
        double temperature = values.Number("temperature", 0, float.MaxValue) ?? common.Temperature;
        return common with
        {
            Temperature = values.Flag("do_sample") == false ? 0 : (float)temperature,
            TopK = values.Whole("top_k", 0) ?? common.TopK,
            TopP = Single(values.Number("top_p", 0, 1, above: true), common.TopP),
            MinP = Single(values.Number("min_p", 0, 1), common.MinP),
            TypicalP = Single(values.Number("typical_p", 0, 1, above: true), common.TypicalP),
            EpsilonCutoff = Single(values.Number("epsilon_cutoff", 0, 0.999999), common.EpsilonCutoff),
            EtaCutoff = Single(values.Number("eta_cutoff", 0, 0.999999), common.EtaCutoff),
            Penalties = new PenaltyOptions
            {
                Repetition = Single(values.Number("repetition_penalty", 0, float.MaxValue, above: true), 1),
                EncoderRepetition = Single(values.Number("encoder_repetition_penalty", 0, float.MaxValue, above: true), 1),
                NoRepeatNgramSize = values.Whole("no_repeat_ngram_size", 0) ?? 0,
            },
            Constraints = new TokenConstraints
            {
                BadWords = values.IdLists("bad_words_ids", vocabulary) ?? [],
                Suppressed = values.Ids("suppress_tokens", vocabulary) ?? [],
                SequenceBiases = Biases(values, vocabulary),
            },
        };
    }

    private static float Single(double? said, float common) => said is { } value ? (float)value : common;

    /// <summary><c>[[[ids], bias], ...]</c>, as JSON has it.</summary>
    private static SequenceBias[] Biases(JsonValues values, int vocabulary)
    {
        const string Key = "sequence_bias";
        return [.. (values.List(Key) ?? []).Select(pair =>
            pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2 && pair[1].ValueKind == JsonValueKind.Number
                && float.IsFinite((float)pair[1].GetDouble())
                ? new SequenceBias(values.IdList(Key, pair[0], vocabulary), (float)pair[1].GetDouble())
                : throw values.Wrong(Key, pair, "pairs of a list of token ids and a number are needed"))];
    }

    private static BeamOptions? Beam(JsonValues values)
    {
        int beams = values.Whole("num_beams", 1) ?? 1;
        int groups = values.Whole("num_beam_groups", 1) ?? 1;
        double length = values.Number("length_penalty", float.MinValue, float.MaxValue) ?? 1;
        double diversity = values.Number("diversity_penalty", 0, float.MaxValue) ?? 0;
        bool stops = values.Find("early_stopping") is { ValueKind: JsonValueKind.String } word
            ? word.ValueEquals("never"u8)
                ? false
                : throw values.Wrong("early_stopping", word, "true, false or \"never\" is needed")
            : values.Flag("early_stopping") ?? false;
        if (beams % groups != 0)
        {
            throw values.Wrong("num_beam_groups", values.Find("num_beam_groups")!.Value,
                $"a divisor of num_beams, {beams}, is needed");
        }
        return beams == 1 ? null
            : new BeamOptions
            {
                Beams = beams,
                LengthPenalty = length,
                EarlyStopping = stops,
                Groups = groups,
                DiversityPenalty = groups == 1 ? 0 : diversity,
            };
    }

    private static bool IsInert(JsonProperty property) =>
        Inert.Contains(property.Name)
            || (Neutral.TryGetValue(property.Name, out string? neutral) && IsNeutral(property.Value, neutral));

    private static bool IsNeutral(JsonElement value, string neutral) =>
        value.ValueKind == JsonValueKind.Number ? $"{value.GetDouble()}" == neutral : value.GetRawText() == neutral;

    private static string Note(string file, JsonProperty property)
    {
        string value = property.Value.GetRawText();
        return $"{file}: {property.Name} is {(value.Length > 80 ? $"{value[..80]}…" : value)}; it is not applied.";
    }

    /// <summary>
    /// Whether a folder with a GGUF file holds other models: a config, or GGUF files that are not parts of one.
    /// </summary>
    private static bool Others(string folder) => File.Exists(Path.Combine(folder, Model.ConfigFileName)) ||
        Directory.EnumerateFiles(folder, "*.gguf").Select(file => PartNumber().Replace(Path.GetFileName(file), "")).Distinct()
            .Count() > 1;

    [GeneratedRegex(@"-\d{5}-of-\d{5}(?=\.gguf\z)")]
    private static partial Regex PartNumber();
}
