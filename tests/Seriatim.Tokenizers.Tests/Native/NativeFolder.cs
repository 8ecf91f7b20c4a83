namespace Seriatim.Tokenizers.Tests;

/// <summary>What <c>tests/native/run.sh</c> wrote: for every vocabulary a folder with its tokenizer and what native code said.</summary>
internal static class NativeFolder
{
    /// <summary>The variable that names the folder.</summary>
    public const string Variable = "SERIATIM_NATIVE";

    /// <summary>Why tests against native implementations are skipped, or null.</summary>
    public static string? Missing { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path && Directory.Exists(path)
        ? null : $"{Variable} names no folder: run tests/native/run.sh";

    /// <summary>Folders under one of the parts (<c>hf</c>, <c>sentencepiece</c>), or one name that says why there are none.</summary>
    public static TheoryData<string> Under(string part)
    {
        var names = new TheoryData<string>();
        string folder = Missing is null ? PathOf(part) : string.Empty;
        foreach (string name in (Directory.Exists(folder) ? Directory.GetDirectories(folder) : []).Order(StringComparer.Ordinal))
        {
            if (File.Exists(Path.Combine(name, "expected.json")))
            {
                names.Add(Path.GetFileName(name));
            }
        }

        if (names.Count == 0)
        {
            names.Add("none");
        }

        return names;
    }

    /// <summary>A path in the folder.</summary>
    public static string PathOf(params string[] parts) =>
        Path.Combine([Environment.GetEnvironmentVariable(Variable)!, .. parts]);
}
