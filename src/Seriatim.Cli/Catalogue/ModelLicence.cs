using System.Text.RegularExpressions;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>
/// The licence of a model: from the front matter of its card, the metadata of a GGUF file, or the first line of its licence file.
/// </summary>
internal static partial class ModelLicence
{
    private static readonly string[] Files = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"];

    public static string? Of(string path, ModelConfig config)
    {
        if (config.Metadata is { } metadata && metadata.TryGetValue("general.license", out var value))
            return $"{value}";
        if (!Directory.Exists(path))
            return null;
        string card = Path.Combine(path, "README.md");
        if (File.Exists(card) && Line().Match(File.ReadAllText(card)) is { Success: true } match)
            return match.Groups[1].Value.Trim(' ', '|', '\r', '"');
        return Files.Select(name => Path.Combine(path, name)).Where(File.Exists)
            .Select(file => File.ReadLines(file).Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0))
            .FirstOrDefault();
    }

    [GeneratedRegex(@"(?:\A---\s[\s\S]*?^license:|^\W*Licen[cs]e\W+)\s*(.+)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
