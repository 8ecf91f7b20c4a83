using System.Text.Json;
using System.Text.RegularExpressions;
using Seriatim.Formats;

namespace Seriatim;

/// <summary>
/// The directions in a model's config, as T5 has them: <c>"task_specific_params": {"translation_zh_to_en": {"prefix":
/// "..."}}</c>. A model without any (Marian, BART) has one way only, with the config's <c>prefix</c> if it has one.
/// </summary>
internal sealed partial class TranslationDirections
{
    private readonly string _model;
    private readonly string _commonPrefix;

    public TranslationDirections(string model, ReadOnlyMemory<byte> config)
    {
        _model = model;
        using JsonDocument json = LenientJson.Parse(config, "config.json");
        _commonPrefix = TextOf(json.RootElement, "prefix") ?? "";
        if (json.RootElement.TryGetProperty("task_specific_params", out JsonElement tasks)
            && tasks.ValueKind == JsonValueKind.Object)
        {
            All = [.. tasks.EnumerateObject().Select(Direction).OfType<TranslationDirection>()];
        }
    }

    public IReadOnlyList<TranslationDirection> All { get; } = [];

    /// <summary>The direction of a text, and what is put before it.</summary>
    /// <exception cref="ModelTaskException">The options name what the model does not have, or leave more than one.</exception>
    public (TranslationDirection? Direction, string Prefix) Choose(string text, TranslationOptions options)
    {
        if (options.Prefix is { } own)
        {
            return options.From is null && options.To is null ? (null, own)
                : throw new ModelTaskException(
                    "Give the prefix or the languages, not both: the prefix is what says the languages to the model.");
        }

        if (All.Count == 0)
        {
            return options.From is null && options.To is null ? (null, _commonPrefix) : throw new ModelTaskException(
                $"{_model} names no languages in its config (task_specific_params), so they cannot be chosen. Leave them out: it "
                    + "translates the one way it was trained for.");
        }

        TranslationDirection[] possible = [.. All.Where(d => Is(options.From, d.From) && Is(options.To, d.To))];
        if (possible.Length > 1)
            possible = [.. possible.Where(d => Scripts.Of(text) == Scripts.OfLanguage(d.From))];
        return possible is [var only] ? (only, only.Prefix) : throw new ModelTaskException(
            $"{_model} translates {string.Join(", ", All)}; "
                + $"{Asked(options)}{(possible.Length > 1 ? "leaves more than one of these" : "is none of these")}. Name the "
                + "language wanted, and if that leaves several, the language of the text.");
    }

    private static bool Is(string? asked, string has) => asked is null || asked.Equals(has, StringComparison.OrdinalIgnoreCase);

    private static string Asked(TranslationOptions options) => (options.From, options.To) switch
    {
        (null, null) => "the script of the text ",
        ({ } from, null) => $"{from} to any language ",
        (null, { } to) => $"any language to {to} ",
        var (from, to) => $"{from} to {to} ",
    };

    private static TranslationDirection? Direction(JsonProperty task)
    {
        Match name = TaskName().Match(task.Name);
        return name.Success && TextOf(task.Value, "prefix") is { } prefix
            ? new TranslationDirection { From = name.Groups[1].Value, To = name.Groups[2].Value, Prefix = prefix }
            : null;
    }

    private static string? TextOf(JsonElement element, string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [GeneratedRegex(@"\Atranslation_([A-Za-z-]+)_to_([A-Za-z-]+)\z")]
    private static partial Regex TaskName();
}
