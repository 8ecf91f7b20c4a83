namespace Seriatim.Conformance.Tests;

/// <summary>Golden GGUF files, found by listing the folders <c>gguf</c> of both roots.</summary>
internal static class GgufCases
{
    public static IEnumerable<object[]> Models => Rows("*.expected.safetensors", ".expected.safetensors", "");

    public static IEnumerable<object[]> Blocks => Rows("*.dequant.safetensors", ".dequant.safetensors", "");

    /// <summary>Files that must be refused: those with no expected numbers beside them.</summary>
    public static IEnumerable<object[]> Negative =>
        Rows("*.gguf", ".gguf", "negative").Where(row => !File.Exists(Path((string)row[0], ".expected.safetensors")));

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
