using System.CommandLine;
using Seriatim.Generation;
using Seriatim.Tensors;

namespace Seriatim.Cli;

/// <summary>Options that several commands have, with one meaning.</summary>
internal static class SharedOptions
{
    public static Option<string> Model()
    {
        Option<string> option = NewModel();
        option.CompletionSources.Add(ModelNames.Complete);
        return option;
    }

    private static Option<string> NewModel() => new("--model", "-m")
    {
        Description = "A model folder in the Hugging Face layout (config.json, model.safetensors, tokenizer.json), a .gguf file, "
            + "a built-in name, or a hub id (owner/name[@revision]).",
        Required = true,
        HelpName = "model",
    };

    public static Option<bool> Json(string what) => new("--json") { Description = $"Print {what} instead of text for people." };

    public static Option<int> Threads() => new("--threads", "-t")
    {
        Description = "Threads (default: one a core). Results do not depend on it.",
        DefaultValueFactory = _ => 0,
        HelpName = "n",
    };

    public static Option<int?> Context() => new("--ctx-size", "-c")
    {
        Description = "Positions kept in memory for all sequences together (default: what fits into 1 GiB).",
        HelpName = "n",
    };

    public static Option<string?> PackCache() => new("--pack-cache")
    {
        Description =
            "A folder that keeps packed weights (about as large as the files), so that the next start is ready at once.",
        HelpName = "folder",
    };

    public static Option<string> CacheType(string type = "f32") => new("--cache-type")
    {
        Description = "How keys and values are kept in memory: f32, f16 (half of it) or q8_0 (a good quarter).",
        DefaultValueFactory = _ => type,
        HelpName = "f32|f16|q8_0",
        CompletionSources = { "f32", "f16", "q8_0" },
    };

    /// <summary>How a model is opened with the options above.</summary>
    public static LanguageModelOptions Read(
        ParseResult result, Option<int> threads, Option<int?>? context = null, Option<string>? cacheType = null,
        Option<string?>? packCache = null)
    {
        int count = result.GetValue(threads);
        int? positions = context is null ? null : result.GetValue(context);
        if (count < 0)
            throw new UsageException($"--threads is {count}; it must be 0 (one a core) or more.");
        if (positions is < 1)
            throw new UsageException($"--ctx-size is {positions}; it must be at least 1.");
        string kind = cacheType is null ? "f32" : result.GetRequiredValue(cacheType);
        var engine = new EngineOptions
        {
            KeyValueType = kind.ToLowerInvariant() switch
            {
                "f32" => KeyValueType.F32,
                "f16" => KeyValueType.F16,
                "q8_0" => KeyValueType.Q8,
                _ => throw new UsageException($"--cache-type is {kind}; f32, f16 or q8_0 is needed."),
            },
        };
        if (positions is { } wanted)
            engine = engine with { Pages = (int)(((long)wanted + engine.PageSize - 1) / engine.PageSize) };
        return new LanguageModelOptions
        {
            Threads = count,
            Engine = engine,
            PackCache = packCache is null ? null : result.GetValue(packCache),
            LoadProgress = new LoadingLine(),
        };
    }
}
