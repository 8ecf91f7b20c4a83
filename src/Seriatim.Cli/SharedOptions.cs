using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>Options that several commands have, with one meaning.</summary>
internal static class SharedOptions
{
    public static Option<string> Model() => new("--model", "-m")
    {
        Description = "A model folder in the Hugging Face layout (config.json, model.safetensors, tokenizer.json), a .gguf file, a built-in name, or a hub id (owner/name[@revision]).",
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

    /// <summary>How a model is opened with the options above.</summary>
    public static LanguageModelOptions Read(ParseResult result, Option<int> threads, Option<int?>? context = null)
    {
        int count = result.GetValue(threads);
        int? positions = context is null ? null : result.GetValue(context);
        if (count < 0)
            throw new UserErrorException($"--threads is {count}; it must be 0 (one a core) or more.");
        if (positions is < 1)
            throw new UserErrorException($"--ctx-size is {positions}; it must be at least 1.");
        var engine = new EngineOptions();
        if (positions is { } wanted)
            engine = engine with { Pages = (int)(((long)wanted + engine.PageSize - 1) / engine.PageSize) };
        return new LanguageModelOptions { Threads = count, Engine = engine };
    }
}
