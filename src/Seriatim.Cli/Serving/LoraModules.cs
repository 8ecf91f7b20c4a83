using Seriatim.Formats;
using Seriatim.Models;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary>The values of <c>--lora-modules</c>: which folder is an adapter of which model, and its name.</summary>
internal static class LoraModules
{
    private const string Forms = "NAME=FOLDER is needed, or MODEL:NAME=FOLDER where there are several -m";

    /// <summary>Refuses values before any model is looked for.</summary>
    /// <param name="values">The values.</param>
    /// <param name="models">How many models are named.</param>
    /// <exception cref="UsageException">There is none, or a value has no name or folder.</exception>
    public static void RequireModels(IReadOnlyList<string> values, int models)
    {
        foreach (string value in values)
        {
            if (models == 0)
                throw new UsageException($"--lora-modules {value} adds to a model of -m, and none is given.");
            int at = value.IndexOf('=');
            if (at < 1 || at == value.Length - 1 || value[0] == '{')
                throw new UsageException($"--lora-modules is {value}; {Forms}.");
        }
    }

    /// <summary>Gives each adapter to its model: the one before the colon, or the only one.</summary>
    /// <param name="models">The models.</param>
    /// <param name="values">The values.</param>
    /// <exception cref="UsageException">There are several models, and a value names none of them.</exception>
    /// <exception cref="ModelFormatException">A folder is no adapter.</exception>
    public static void AddTo(List<ServedModelOptions> models, IReadOnlyList<string> values)
    {
        foreach (string value in values)
        {
            int at = value.IndexOf('=');
            (string name, string path) = (value[..at], value[(at + 1)..]);
            int index = models.FindIndex(model => LengthIn(name, model) > 0);
            if (index >= 0)
                name = name[LengthIn(name, models[index])..];
            else if (models.Count == 1)
                index = 0;

            if (index < 0 || name.Length == 0)
            {
                throw new UsageException($"--lora-modules is {value}; {Forms}: "
                    + $"{string.Join(", ", models.Select(model => $"{model.Name}:{name}={path}"))}.");
            }

            PeftAdapter.RequireFiles(path);
            LanguageModelOptions options = models[index].Options;
            models[index] = models[index] with
            {
                Options = options with { Adapters = [.. options.Adapters, new AdapterFile { Name = name, Path = path }] },
            };
        }
    }

    /// <summary>How much of a name is that of a model, the colon included; 0: nothing.</summary>
    private static int LengthIn(string name, ServedModelOptions model) => new[] { model.Name! }.Concat(model.Aliases)
        .Where(own => name.StartsWith($"{own}:", StringComparison.Ordinal)).Select(own => own.Length + 1).DefaultIfEmpty().Max();
}
