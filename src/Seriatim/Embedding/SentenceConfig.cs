using System.Text.Json;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim;

/// <summary>
/// What the files of a sentence-embedding model say beyond the transformer: <c>modules.json</c> with the folders it names, and
/// the greatest length of a text. All of it is honoured, or refused by name.
/// </summary>
internal sealed record SentenceConfig
{
    /// <summary>Files with the greatest length; the first there is counts.</summary>
    private static readonly string[] LengthFiles =
        [.. ((string[])["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet", "longformer"])
            .Select(name => $"sentence_{name}_config.json")];

    /// <summary>How rows become one vector; several follow one another. Empty: the files do not say.</summary>
    public IReadOnlyList<PoolingKind> Pooling { get; init; } = [];

    /// <summary>What is done to the vector then: trained layers, and where there is a null, scaling to length 1.</summary>
    public IReadOnlyList<DenseStep?> Steps { get; init; } = [null];

    /// <summary>Tokens at which texts are cut, special ones included; null: the files do not say.</summary>
    public int? MaxLength { get; init; }

    /// <summary>The file that says so.</summary>
    public string LengthFile { get; init; } = "";

    /// <summary>Whether texts are put into small letters before they are cut into tokens.</summary>
    public bool Lowercase { get; init; }

    /// <summary>What every text begins with.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Whether any file of this kind is there.</summary>
    public bool IsThere { get; init; }

    /// <summary>Reads what lies beside a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">Its folder, or its GGUF file.</param>
    /// <exception cref="UnsupportedConfigException">A module, a key or a value is not built; the message names it.</exception>
    /// <exception cref="ModelFormatException">A file is missing or damaged.</exception>
    public static SentenceConfig Read(Model model, string path)
    {
        if (model.Config.Metadata is { } metadata)
            return OfGguf(metadata);
        int width = model.Spec.Last.OutputWidth;
        var config = new SentenceConfig();
        string modules = Path.Combine(path, "modules.json"), lone = Path.Combine(path, "1_Pooling");
        if (File.Exists(modules))
            config = OfModules(modules, path, width);
        else if (File.Exists(Path.Combine(lone, "config.json")))
            config = config with { Pooling = ReadPooling(lone, width, out _), IsThere = true };
        return WithLength(config, path, model.Spec.Context);
    }

    /// <summary>Features of an embedding.</summary>
    public int Width(int rows) => Steps.OfType<DenseStep>().LastOrDefault()?.Outputs ?? Math.Max(1, Pooling.Count) * rows;

    private static SentenceConfig OfGguf(IReadOnlyDictionary<string, object> metadata)
    {
        string key = $"{metadata.GetValueOrDefault("general.architecture")}.pooling_type";
        long number = metadata.GetValueOrDefault(key) is IConvertible value and not string
            ? Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)
            : 0;
        PoolingKind? kind = number switch
        {
            1 => PoolingKind.Mean,
            2 => PoolingKind.First,
            3 => PoolingKind.Last,
            _ => null,
        };
        return kind is { } own ? new SentenceConfig { Pooling = [own], IsThere = true } : new SentenceConfig();
    }

    private static SentenceConfig OfModules(string file, string folder, int width)
    {
        using JsonDocument json = LenientJson.Parse(file);
        if (json.RootElement.ValueKind != JsonValueKind.Array)
            throw new UnsupportedConfigException(file, ["modules"], "a list of modules is needed.");
        List<PoolingKind> pooling = [];
        List<DenseStep?> steps = [];
        bool withPrompt = true;
        int number = 0;
        foreach (JsonElement element in json.RootElement.EnumerateArray())
        {
            var module = new ConfigReader($"{file}, module {number}", element);
            module.Waive("modules stand in their order", "idx", "name", "kwargs");
            string type = module.Text(null, "type"), path = module.Text("", "path");
            module.Complete();
            if (path is "." or ".." || path.AsSpan().ContainsAny('/', '\\', '\0'))
                throw module.Unsupported("path", path, "the name of a folder beside the file is needed");
            string own = Path.Combine(folder, path), kind = type.Split('.')[^1];
            bool inOrder = kind switch
            {
                "Transformer" => number == 0,
                "Pooling" => number == 1,
                "Dense" or "Normalize" => number > 1,
                _ => throw module.Unsupported("type", type, "Transformer, Pooling, Dense or Normalize is needed"),
            };
            if (!inOrder)
            {
                throw module.Unsupported("type", type,
                    $"it is module {number}; Transformer, Pooling, and then Dense and Normalize is the order that is built");
            }
            if (kind == "Transformer" && path.Length > 0)
            {
                throw module.Unsupported("path", path,
                    $"the transformer must lie beside the file; give the folder {own} to read it alone");
            }
            if (kind == "Pooling")
                pooling = ReadPooling(own, width, out withPrompt);
            else if (kind is "Dense" or "Normalize")
                steps.Add(kind == "Dense" ? Fitting(DenseStep.Read(own), own, steps, pooling.Count * width) : null);
            number++;
        }

        if (pooling.Count == 0)
        {
            throw new UnsupportedConfigException(file, ["modules"],
                $"{number} modules and no Pooling among them; rows of tokens are no embedding.");
        }
        string prompt = ReadPrompt(folder);
        if (prompt.Length > 0 && !withPrompt)
        {
            throw new UnsupportedConfigException(file, ["include_prompt"],
                "include_prompt is false, and there is a default prompt; rows are not left out of pooling.");
        }

        return new SentenceConfig { Pooling = pooling, Steps = steps, Prompt = prompt, IsThere = true };
    }

    private static DenseStep Fitting(DenseStep step, string folder, List<DenseStep?> before, int pooled)
    {
        int width = before.OfType<DenseStep>().LastOrDefault()?.Outputs ?? pooled;
        return step.Inputs == width ? step : throw new UnsupportedConfigException(
            Path.Combine(folder, "config.json"), ["in_features"],
            $"in_features is {step.Inputs}; {width} come out of what is before it.");
    }

    private static List<PoolingKind> ReadPooling(string folder, int width, out bool withPrompt)
    {
        string file = Path.Combine(folder, "config.json");
        using JsonDocument json = LenientJson.Parse(file);
        var config = new ConfigReader(file, json.RootElement);
        int named = config.SizeOrNull("word_embedding_dimension", "embedding_dimension") ?? width;
        if (named != width)
            throw config.Unsupported("word_embedding_dimension", named, $"the rows of the model have {width}");
        withPrompt = config.Flag(true, "include_prompt");
        string[] modes = config.Keys.Contains("pooling_mode")
            && json.RootElement.GetProperty("pooling_mode").ValueKind == JsonValueKind.Array
            ? config.Texts("pooling_mode")
            : config.Text("", "pooling_mode") is { Length: > 0 } mode ? [mode] : [];

        // Their order in the vector is fixed; a mean that is not mentioned is there.
        (PoolingKind Kind, string Name, bool Usual)[] known =
        [
            (PoolingKind.First, "cls", false), (PoolingKind.Max, "max", false), (PoolingKind.Mean, "mean", true),
            (PoolingKind.MeanSqrtLength, "mean_sqrt_len_tokens", false), (PoolingKind.WeightedMean, "weightedmean", false),
            (PoolingKind.Last, "lasttoken", false),
        ];
        string[] flags = ["cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"];
        if (modes.FirstOrDefault(m => !known.Any(k => k.Name == m)) is { } unknown)
            throw config.Unsupported("pooling_mode", unknown, $"one of {string.Join(", ", known.Select(k => k.Name))} is needed");
        List<PoolingKind> kinds = [];
        for (int i = 0; i < known.Length; i++)
        {
            bool usual = modes.Length > 0 ? modes.Contains(known[i].Name) : known[i].Usual;
            if (config.Flag(usual, $"pooling_mode_{flags[i]}"))
                kinds.Add(known[i].Kind);
        }

        config.Complete();
        return kinds.Count > 0
            ? kinds
            : throw new UnsupportedConfigException(file, ["pooling_mode"], "no way of pooling is chosen.");
    }

    private static string ReadPrompt(string folder)
    {
        string file = Path.Combine(folder, "config_sentence_transformers.json");
        if (!File.Exists(file))
            return "";
        using JsonDocument json = LenientJson.Parse(file);
        var config = new ConfigReader(file, json.RootElement);
        string name = config.Text("", "default_prompt_name");
        if (name.Length == 0)
            return "";
        return config.Section("prompts")?.Text("", name) is { Length: > 0 } prompt
            ? prompt
            : throw config.Unsupported("default_prompt_name", name, "prompts has none of that name");
    }

    private static SentenceConfig WithLength(SentenceConfig config, string folder, int context)
    {
        if (LengthFiles.FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is not { } name)
            return config;
        string file = Path.Combine(folder, name);
        using JsonDocument json = LenientJson.Parse(file);
        var reader = new ConfigReader(file, json.RootElement);
        int? length = reader.SizeOrNull("max_seq_length") ?? (context == int.MaxValue ? null : context);
        bool lower = reader.Flag(false, "do_lower_case");
        reader.WaiveAt("nothing is changed", "{}", "model_args", "config_args", "tokenizer_args",
            "model_kwargs", "config_kwargs", "processor_kwargs", "processing_kwargs");
        reader.WaiveAt("rows of the last layer, which is what is pooled", "\"feature-extraction\"", "transformer_task");
        reader.WaiveAt("rows of the last layer, which is what is pooled", "\"token_embeddings\"", "module_output_name");
        reader.WaiveAt("texts alone", """{"text": {"method": "forward", "method_output_name": "last_hidden_state"}}""",
            "modality_config");
        reader.Waive("memory against time", "unpad_inputs");
        reader.Complete();
        return config with
        {
            MaxLength = length is { } most ? Math.Min(most, context) : null,
            LengthFile = name,
            Lowercase = lower,
            IsThere = true,
        };
    }
}
