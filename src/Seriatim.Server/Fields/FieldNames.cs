using System.Collections.Concurrent;

namespace Seriatim.Server;

/// <summary>
/// The fields that set the options of the engine, so that what it refuses is told by the name its client knows.
/// </summary>
internal static class FieldNames
{
    private const string Sampling = "Sampling.";

    private static readonly ConcurrentDictionary<string, string> ByOption = new(StringComparer.Ordinal);

    /// <summary>Remembers the option that a field sets; the first of several fields is told.</summary>
    public static void Learn(Field field)
    {
        if (field.Option is { } option)
            ByOption.TryAdd(option, field.Name);
    }

    /// <summary>The field that sets an option; the option itself if there is none.</summary>
    public static string OfOption(string option) => ByOption.GetValueOrDefault(
        option.StartsWith(Sampling, StringComparison.Ordinal) ? option[Sampling.Length..] : option, option);
}
