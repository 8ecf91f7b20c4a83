using System.CommandLine;

namespace Seriatim.Cli;

/// <summary>Options that several commands have, with one meaning.</summary>
internal static class SharedOptions
{
    public static Option<string> Model() => new("--model", "-m")
    {
        Description = "A model folder in the Hugging Face layout (config.json, model.safetensors, tokenizer.json).",
        Required = true,
        HelpName = "folder",
    };

    public static Option<bool> Json(string what) => new("--json") { Description = $"Print {what} instead of text for people." };

    public static Option<int> Threads() => new("--threads", "-t")
    {
        Description = "Threads (default: one a core). Results do not depend on it.",
        DefaultValueFactory = _ => 0,
        HelpName = "n",
    };
}
