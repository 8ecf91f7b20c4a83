namespace Seriatim.Conformance.Tests;

/// <summary>What lies in the golden folders is what the tests think it is.</summary>
public sealed class GoldenFoldersTests
{
    [Fact]
    public void EveryFolderIsACaseOrIsNamedAsNone()
    {
        Assert.NotEmpty(GoldenCases.All);
        Assert.All(GoldenCases.All, c => Assert.True(
            c.Has("config.json") && c.Has("expected.safetensors") && c.Has("model.safetensors"),
            $"{c.Folder} is neither a case with a model nor among the folders named in GoldenCases"));
    }

    [Fact]
    public void EveryBuiltFamilyHasACase()
    {
        HashSet<string> types = [.. GoldenCases.All.Where(c => c.SkipReason() is null).Select(c =>
        {
            using var json = c.Json("config.json");
            return json.RootElement.GetProperty("model_type").GetString()!;
        })];
        Assert.All(ArchitectureRegistry.All, a => Assert.Contains(a.ModelType, types));
    }

    [StoriesTheory]
    [MemberData(nameof(Copies))]
    public void CopiesEqualTheOriginals(string name, string kind)
    {
        Assert.NotEqual("none", kind);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(GoldenRoots.Local, name)))
        {
            byte[] original = File.ReadAllBytes(Path.Combine(GoldenRoots.SharedGolden, name, Path.GetFileName(file)));
            Assert.True(original.AsSpan().SequenceEqual(File.ReadAllBytes(file)), file);
        }
    }

    public static IEnumerable<object[]> Copies => GoldenRoots.Missing(GoldenRoots.SharedGolden) is { } missing
        ? [[missing, "none"]]
        : Directory.EnumerateDirectories(GoldenRoots.Local).Select(folder => new object[] { Path.GetFileName(folder), "copy" });

    [Fact]
    public void TheTableOfTolerancesIsRead()
    {
        Dictionary<string, float> tolerances = GoldenCases.Tolerances(Path.Combine(GoldenRoots.First, "README.md"));
        Assert.Equal(2e-4f, tolerances["llama-gqa-tied"]);
        Assert.Equal(1e-4f, tolerances["bart"]);
    }
}
