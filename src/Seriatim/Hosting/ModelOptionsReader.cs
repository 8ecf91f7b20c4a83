using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim;

/// <summary>Reads <see cref="SeriatimModelOptions"/> from a section of the configuration. All keys stand in one table.</summary>
internal static class ModelOptionsReader
{
    private static readonly Dictionary<string, Action<SeriatimModelOptions, string>> Keys = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(SeriatimModelOptions.Model)] = (options, text) => options.Model = text,
        [nameof(SeriatimModelOptions.Threads)] = (options, text) => options.Threads = Number(text),
        [nameof(SeriatimModelOptions.Storage)] = (options, text) => options.Storage = Name<WeightStorage>(text),
        [nameof(SeriatimModelOptions.Placement)] = (options, text) => options.Placement = Name<WeightPlacement>(text),
        [nameof(SeriatimModelOptions.DraftModel)] = (options, text) => options.DraftModel = text,
        [nameof(SeriatimModelOptions.Trace)] = (options, text) => options.Trace = bool.Parse(text),
        [nameof(SeriatimModelOptions.MemoryBytes)] = (options, text) => options.MemoryBytes = Large(text),
        [nameof(SeriatimModelOptions.KeyValueType)] = (options, text) => options.KeyValueType = Name<KeyValueType>(text),
        [nameof(SeriatimModelOptions.Pages)] = (options, text) => options.Pages = Number(text),
        [nameof(SeriatimModelOptions.PageSize)] = (options, text) => options.PageSize = Number(text),
        [nameof(SeriatimModelOptions.MaxSequences)] = (options, text) => options.MaxSequences = Number(text),
        [nameof(SeriatimModelOptions.TokenBudget)] = (options, text) => options.TokenBudget = Number(text),
        [nameof(SeriatimModelOptions.MaxQueuedRequests)] = (options, text) => options.MaxQueuedRequests = Number(text),
    };

    /// <summary>Names of the keys.</summary>
    public static IEnumerable<string> Names => Keys.Keys;

    public static void Read(IConfigurationSection section, SeriatimModelOptions options)
    {
        foreach (IConfigurationSection entry in section.GetChildren())
        {
            if (!Keys.TryGetValue(entry.Key, out Action<SeriatimModelOptions, string>? set) || entry.GetChildren().Any())
            {
                throw Wrong(section, $"{entry.Path} is not known; there are {string.Join(", ", Keys.Keys)}.");
            }

            try
            {
                if (entry.Value is { Length: > 0 } text)
                    set(options, text);
            }
            catch (Exception failure) when (failure is FormatException or OverflowException or ArgumentException)
            {
                throw Wrong(section, $"{entry.Path} is '{entry.Value}': {failure.Message}");
            }
        }
    }

    /// <summary>What is wrong with options, before a model is opened; null: nothing.</summary>
    public static string? Check(string section, SeriatimModelOptions options) =>
        options.Model.Length == 0 ? $"{section}:Model says no model; give a folder, a GGUF file, a built-in name or a hub id."
        : options.Threads < 0 ? $"{section}:Threads is {options.Threads}; 0 (one a core) or more is allowed."
        : null;

    private static OptionsValidationException Wrong(IConfigurationSection section, string problem) =>
        new(section.Path, typeof(SeriatimModelOptions), [problem]);

    private static int Number(string text) => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static long Large(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static T Name<T>(string text)
        where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out T value) && Enum.IsDefined(value)
            ? value
            : throw new FormatException($"one of {string.Join(", ", Enum.GetNames<T>())} is allowed.");
}
