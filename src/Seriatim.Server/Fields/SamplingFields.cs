using System.Globalization;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// How tokens are chosen: the rows of the engine's table of samplers, under the names that llama.cpp's server, vLLM and OpenAI
/// have for them.
/// </summary>
internal static class SamplingFields
{
    /// <summary>Where the servers call it otherwise than the command line does: all names, the first one told.</summary>
    private static readonly Dictionary<string, string[]> Renamed = new(StringComparer.Ordinal)
    {
        ["--temp"] = ["temperature"],
        ["--typical"] = ["typical_p"],
        ["--repeat-penalty"] = ["repetition_penalty", "repeat_penalty"],
        ["--mirostat-lr"] = ["mirostat_eta"],
        ["--mirostat-ent"] = ["mirostat_tau"],
        ["--top-nsigma"] = ["top_n_sigma"],
        ["--dynatemp-exp"] = ["dynatemp_exponent"],
    };

    /// <summary>The ranges that OpenAI's clients are told; others are the engine's to refuse.</summary>
    private static readonly Dictionary<string, (double Least, double Most)> Ranges = new(StringComparer.Ordinal)
    {
        ["temperature"] = (0, 2),
        ["top_p"] = (0, 1),
        ["min_p"] = (0, 1),
        ["typical_p"] = (0, 1),
        ["presence_penalty"] = (-2, 2),
        ["frequency_penalty"] = (-2, 2),
        ["xtc_probability"] = (0, 1),
    };

    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["temperature"] = "0.3",
        ["top_p"] = "0.5",
        ["top_k"] = "7",
        ["mirostat"] = "2",
        ["top_n_sigma"] = "1.5",
        ["no_repeat_ngram_size"] = "3",
        ["dry_allowed_length"] = "3",
        ["dry_penalty_last_n"] = "16",
        ["repetition_penalty"] = "1.2",
        ["repeat_penalty"] = "1.2",
        ["dry_base"] = "2.0",
        ["encoder_repetition_penalty"] = "1.1",
        ["epsilon_cutoff"] = "0.002",
        ["eta_cutoff"] = "0.002",
        ["xtc_threshold"] = "0.2",
        ["mirostat_tau"] = "4.0",
        ["mirostat_eta"] = "0.3",
        ["dynatemp_exponent"] = "1.5",
    };

    /// <summary>The rows.</summary>
    public static IEnumerable<Field<GenerationSettings>> Rows { get; } =
    [
        .. Samplers.HuggingFace.SelectMany(sampler => sampler.Flags.SelectMany(flag => RowsOf(sampler, flag))),
        new()
        {
            Name = "repeat_last_n",
            Kinds = JsonKinds.Integer,
            Least = -1,
            Doc = "How many of the last tokens the penalties look back; -1: all. Default: all.",
            Example = "32",
            ExampleNeeds = "\"repeat_penalty\": 1.1",
            Option = "Penalties.LastN",
            Read = (settings, value) =>
                (settings.PenaltyLastN, settings.HasPenaltyLastN) = (value.Integer == -1 ? null : value.Integer, true),
        },
        new()
        {
            Name = "dry_sequence_breakers",
            Kinds = JsonKinds.Array,
            MostItems = 64,
            MostLength = 128,
            Doc = "Texts over which DRY extends no repetition. Default: line end, `:`, `\"`, `*`.",
            Example = "[\"\\n\", \".\"]",
            ExampleNeeds = "\"dry_multiplier\": 0.8",
            Option = "Penalties.Dry.Breakers",
            Read = (settings, value) => settings.DryBreakers = value.Texts,
        },
        new()
        {
            Name = "logit_bias",
            Kinds = JsonKinds.Object | JsonKinds.Array,
            MostItems = 16384,
            Doc = "Added to the scores of token ids: an object of id and -100 to 100, or llama.cpp's list of pairs, in which "
                + "`false` forbids an id. -100 all but forbids one.",
            Example = "{\"7\": 5}",
            Option = "Constraints.LogitBias",
            Read = ReadBias,
        },
    ];

    /// <summary>The first name of a flag's field.</summary>
    public static string NameOf(SamplerFlag flag) => NamesOf(flag)[0];

    /// <summary>All names of a flag's fields.</summary>
    public static IReadOnlyList<string> NamesOf(SamplerFlag flag) => Renamed.TryGetValue(flag.Names[0], out string[]? names)
        ? names
        : [flag.Names[0].TrimStart('-').Replace('-', '_')];

    private static IEnumerable<Field<GenerationSettings>> RowsOf(Sampler sampler, SamplerFlag flag)
    {
        foreach (string name in NamesOf(flag))
        {
            (double Least, double Most)? range = Ranges.TryGetValue(name, out (double, double) known) ? known : null;
            yield return new Field<GenerationSettings>
            {
                Name = name,
                Kinds = flag is SamplerFlag<int> ? JsonKinds.Integer : JsonKinds.Number,
                Least = range?.Least,
                Most = range?.Most,
                Doc = DocOf(flag, name),
                Example = Examples.GetValueOrDefault(name, flag is SamplerFlag<int> ? "2" : "0.1"),
                ExampleNeeds = flag.NeedsFirst
                    ? $"\"{NameOf(sampler.Flags[0])}\": {Examples.GetValueOrDefault(NameOf(sampler.Flags[0]), "0.1")}" : null,
                Option = flag.Option,
                Read = (settings, value) => Read(settings, sampler, flag, value),
            };
        }
    }

    private static string DocOf(SamplerFlag flag, string name)
    {
        string help = flag.Help.Replace("--dynatemp-range", "dynatemp_range", StringComparison.Ordinal)
            .Replace("--temp", "temperature", StringComparison.Ordinal);
        string usual = flag.IsFromModel ? "the model's" : Convert.ToString(flag.Usual, CultureInfo.InvariantCulture)!;
        string first = NameOf(flag);
        return $"{help} Default: {usual}.{(name == first ? "" : $" The same as {first}.")}";
    }

    private static void Read(GenerationSettings settings, Sampler sampler, SamplerFlag flag, FieldValue value)
    {
        Func<SamplingOptions, SamplingOptions> set = flag switch
        {
            SamplerFlag<int> whole => Set(whole, value.Integer, value),
            SamplerFlag<float> number => Set(number, value.Number, value),
            _ => throw new NotSupportedException($"{flag.Names[0]} takes what no field of a sampler can."),
        };
        settings.Edit(value.Path, flag.NeedsFirst ? sampler : null, set);
    }

    private static Func<SamplingOptions, SamplingOptions> Set<T>(SamplerFlag<T> flag, T number, FieldValue value)
        where T : struct => flag.Refuse(number) is { } allowed ? throw value.Wrong(allowed) : options =>
            flag.Set(options, number);

    private static void ReadBias(GenerationSettings settings, FieldValue value)
    {
        var biases = new Dictionary<int, float>();
        if (value.Json.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty entry in value.Json.EnumerateObject())
            {
                var own = new FieldValue(entry.Value, $"{value.Path}.{FieldValue.Cut(entry.Name)}");
                if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                    throw own.Wrong("the name before it must be a token id");
                biases[id] = Bias(own);
            }
        }
        else
        {
            foreach (FieldValue pair in value.Items())
            {
                FieldValue[] parts = [.. pair.Items()];
                if (parts.Length != 2 || parts[0].Json.ValueKind != JsonValueKind.Number)
                    throw pair.Wrong("a token id and its bias are needed");
                biases[parts[0].Integer] = parts[1].Json.ValueKind == JsonValueKind.False
                    ? float.NegativeInfinity : Bias(parts[1]);
            }
        }

        settings.Edit(value.Path, null,
            options => options with { Constraints = options.Constraints with { LogitBias = biases } });
    }

    private static float Bias(FieldValue value) =>
        value.Json.ValueKind == JsonValueKind.Number && value.Number is >= -100 and <= 100 and var bias
            ? bias : throw value.Wrong("a number from -100 to 100 is needed");
}
