using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seriatim.Models;

/// <summary>
/// The <c>adapter_config.json</c> of an adapter in the layout of huggingface/peft: by how much each of its products is scaled. A
/// key that would have the adapter do anything else is refused by name, and so is one that is not known and says something.
/// </summary>
internal sealed class PeftConfig
{
    /// <summary>Keys that change nothing of what a trained adapter gives.</summary>
    private static readonly HashSet<string> Free =
    [
        "alpha_pattern", "arrow_config", "auto_mapping", "base_model_name_or_path", "corda_config", "eva_config",
        "exclude_modules", "fan_in_fan_out", "inference_mode", "layers_pattern", "layers_to_transform", "loftq_config",
        "lora_alpha", "lora_dropout", "megatron_config", "megatron_core", "peft_version", "qalora_group_size", "r",
        "rank_pattern", "revision", "runtime_config", "target_modules", "task_type", "use_rslora",
    ];

    /// <summary>Beginnings that leave the weights of the base model as they are.</summary>
    private static readonly HashSet<string> Starts = ["gaussian", "eva", "orthogonal"];

    /// <summary>A pattern of a file that does not end is given up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly int _rank;
    private readonly double _alpha;
    private readonly bool _byRoot;
    private readonly IReadOnlyList<(string Key, double Value)> _ranks, _alphas;

    private PeftConfig(string path, JsonElement root)
    {
        _path = path;
        if (root.ValueKind != JsonValueKind.Object)
            throw Wrong("the file", root, "a JSON object is needed");
        if (!root.TryGetProperty("peft_type", out JsonElement kind) || !kind.ValueEquals("LORA"u8))
            throw Wrong("peft_type", kind, "LORA is the kind that is read");
        foreach (JsonProperty key in root.EnumerateObject())
            Require(key);
        double rank = Number(root, "r");
        if (rank is not (>= 1 and <= int.MaxValue) || rank != Math.Floor(rank))
            throw Wrong("r", root.GetProperty("r"), "a whole number from 1 is needed");
        (_rank, _alpha) = ((int)rank, Number(root, "lora_alpha"));
        _byRoot = root.TryGetProperty("use_rslora", out JsonElement byRoot) && byRoot.ValueKind == JsonValueKind.True;
        (_ranks, _alphas) = (Pattern(root, "rank_pattern"), Pattern(root, "alpha_pattern"));
    }

    /// <summary>Reads the config of an adapter.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">It is missing, damaged, or asks for what is not done here.</exception>
    public static PeftConfig Read(string path)
    {
        using JsonDocument document = LenientJson.Parse(path);
        return new PeftConfig(path, document.RootElement);
    }

    /// <summary>The rank of the product of a module.</summary>
    /// <param name="module">Its full name in the base model.</param>
    public int RankOf(string module) => (int)(Match(_ranks, module) ?? _rank);

    /// <summary>The scale of the product of a module: alpha / r, or alpha / sqrt(r) of rank-stabilised ones.</summary>
    /// <param name="module">Its full name in the base model.</param>
    public float ScaleOf(string module)
    {
        double alpha = Match(_alphas, module) ?? _alpha, rank = RankOf(module);
        return (float)(alpha / (_byRoot ? Math.Sqrt(rank) : rank));
    }

    /// <summary>The first key that is the end of the name, or all of it, as a regular expression.</summary>
    private double? Match(IReadOnlyList<(string Key, double Value)> patterns, string module)
    {
        foreach ((string key, double value) in patterns)
        {
            try
            {
                if (Regex.IsMatch(module, $"^(.*\\.)?({key})$", RegexOptions.CultureInvariant, Patience))
                    return value;
            }
            catch (Exception cause) when (cause is ArgumentException or RegexMatchTimeoutException)
            {
                throw new ModelFormatException(_path, $"the pattern {key} is no regular expression that can be followed.",
                    "Correct it; it names modules by the ends of their names.", cause);
            }
        }

        return null;
    }

    private void Require(JsonProperty key)
    {
        if (key.Name == "peft_type" || Free.Contains(key.Name))
            return;
        bool says = key.Value.ValueKind switch
        {
            JsonValueKind.Null or JsonValueKind.False => false,
            JsonValueKind.Array => key.Value.GetArrayLength() > 0,
            JsonValueKind.Object => key.Value.EnumerateObject().Any(),
            JsonValueKind.String => !(key.Name == "bias" && key.Value.ValueEquals("none"u8)),
            _ => true,
        };
        if (key.Name == "init_lora_weights")
            says = key.Value.ValueKind == JsonValueKind.String && !Starts.Contains(key.Value.GetString()!);
        if (!says)
            return;
        throw Wrong(key.Name, key.Value, key.Name switch
        {
            "use_dora" => "magnitudes (DoRA) are not applied here: merge the adapter into its model with PEFT",
            "modules_to_save" => "modules that replace those of the model are not read: merge the adapter with PEFT",
            "lora_bias" or "bias" => "biases of adapters are not read: merge the adapter into its model with PEFT",
            "init_lora_weights" => "such a start changes the weights of the model: have PEFT convert the adapter "
                + "(path_initial_model_for_weight_conversion)",
            _ => "nothing here does what it asks for: merge the adapter into its model with PEFT",
        });
    }

    private double Number(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value)
        && LenientJson.TryGetDouble(value, out double number) && double.IsFinite(number)
            ? number : throw Wrong(name, value, "a number is needed");

    private List<(string Key, double Value)> Pattern(JsonElement root, string name)
    {
        var pattern = new List<(string, double)>();
        if (!root.TryGetProperty(name, out JsonElement all) || all.ValueKind == JsonValueKind.Null)
            return pattern;
        if (all.ValueKind != JsonValueKind.Object)
            throw Wrong(name, all, "an object of patterns and numbers is needed");
        foreach (JsonProperty one in all.EnumerateObject())
        {
            double value = Number(all, one.Name);
            if (name == "rank_pattern" && (value is not (>= 1 and <= int.MaxValue) || value != Math.Floor(value)))
                throw Wrong($"{name}.{one.Name}", one.Value, "a whole number from 1 is needed");
            pattern.Add((one.Name, value));
        }

        return pattern;
    }

    private ModelFormatException Wrong(string name, JsonElement value, string allowed)
    {
        string shown = value.ValueKind == JsonValueKind.Undefined ? "missing" : value.GetRawText();
        if (shown.Length > 80)
            shown = string.Create(CultureInfo.InvariantCulture, $"{shown[..80]}…");
        return new ModelFormatException(_path, $"{name} is {shown}; {allowed}.",
            "The file is to be as PEFT wrote it beside the adapter's tensors.");
    }
}
