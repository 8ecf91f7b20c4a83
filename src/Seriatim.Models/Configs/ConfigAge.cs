using System.Text.Json;

namespace Seriatim.Models;

/// <summary>What the version of the library that wrote a config tells of who may know its keys.</summary>
internal static class ConfigAge
{
    /// <summary>The newest release of the reference library whose configs were looked at.</summary>
    private static readonly (int Major, int Minor) Known = (5, 5);

    /// <summary>
    /// A sentence for messages, with a blank before it; empty if the writer is known, or does not say its version.
    /// </summary>
    public static string Hint(JsonElement root)
    {
        if (!root.TryGetProperty("transformers_version", out JsonElement element) || element.ValueKind != JsonValueKind.String)
            return "";
        string text = element.GetString()!;
        string numbers = new([.. text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]);
        if (!Version.TryParse(numbers.TrimEnd('.'), out Version? writer) || (writer.Major, writer.Minor).CompareTo(Known) <= 0)
            return "";
        return $" The config was written by transformers {text}, and this version knows those of up to "
            + $"{Known.Major}.{Known.Minor}: look for a release of Seriatim that was made after transformers "
            + $"{writer.ToString(2)}.";
    }
}
