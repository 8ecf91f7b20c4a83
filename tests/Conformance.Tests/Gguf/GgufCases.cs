namespace Seriatim.Conformance.Tests;

/// <summary>Golden GGUF files, found by listing the folders <c>gguf</c> of both roots.</summary>
internal static class GgufCases
{
    public static IEnumerable<object[]> Models =>
        [.. Rows("*.expected.safetensors", ".expected.safetensors", ""), .. InFoldersOfCases];

    public static IEnumerable<object[]> Blocks => Rows("*.dequant.safetensors", ".dequant.safetensors", "");

    /// <summary>Files that must be refused: those with no expected numbers beside them.</summary>
    public static IEnumerable<object[]> Negative =>
        Rows("*.gguf", ".gguf", "negative").Where(row => !File.Exists(Path((string)row[0], ".expected.safetensors")));

    /// <summary>Files in the folders of cases, named as the folder is.</summary>
    private static IEnumerable<object[]> InFoldersOfCases => new[] { GoldenRoots.SharedGolden, GoldenRoots.Second }
        .OfType<string>().Where(Directory.Exists).SelectMany(Directory.GetDirectories).Order(StringComparer.Ordinal)
        .Select(folder => System.IO.Path.Combine(folder, System.IO.Path.GetFileName(folder)))
        .Where(name => File.Exists(name + ".gguf") && File.Exists(name + ".expected.safetensors"))
        .Select(name => new object[] { name });

    /// <summary>Why a file cannot be tested; null if it can.</summary>
    public static string? SkipReason(string name)
    {
        if (name == Missing)
            return GoldenRoots.SharedGolden + " has no gguf folder";
        try
        {
            using GgufFile file = GgufFile.Open(name + ".gguf");
            string? architecture = file.Metadata.GetValueOrDefault("general.architecture") as string;
            return architecture is null || ArchitectureRegistry.All.Any(a => a.Gguf?.Architecture == architecture)
                ? null
                : $"{name}: the architecture '{architecture}' is not built yet";
        }
        catch (SeriatimException)
        {
            return null; // the test says why
        }
    }

    public static string Path(string name, string ending) => name + ending;

    private static IEnumerable<object[]> Rows(string pattern, string ending, string below)
    {
        bool any = false;
        foreach (string root in new[] { GoldenRoots.SharedGolden, GoldenRoots.Second }.OfType<string>())
        {
            string folder = System.IO.Path.Combine(root, "gguf", below);
            if (!Directory.Exists(folder))
                continue;
            string[] folders = below.Length == 0 && pattern.Contains("expected", StringComparison.Ordinal)
                ? [folder, System.IO.Path.Combine(folder, "negative")]
                : [folder];
            foreach (string file in folders.Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, pattern)).Order(StringComparer.Ordinal))
            {
                string name = file[..^ending.Length];
                if (ending != ".expected.safetensors" || File.Exists(name + ".gguf"))
                {
                    any = true;
                    yield return [name];
                }
            }
        }

        if (!any)
            yield return [Missing];
    }

    /// <summary>The name of a row that stands for missing data.</summary>
    public const string Missing = "no golden GGUF files";
}
