using GuidePages;

namespace Seriatim.Tests;

/// <summary>The snippets of the guide are those of the files in <c>Guide</c>, which are compiled with the usings that the page shows, and run.</summary>
public sealed class GuideTests
{
    [Fact]
    public async Task Snippets_of_the_library_run() => await RunAsync(folder => TinyModels.WriteLlama(folder), LibraryPage.RunAsync);

    [Fact]
    public async Task Snippets_of_translation_run() => await RunAsync(folder => TinyModels.WriteT5(folder), TranslationPage.RunAsync);

    [Fact]
    public async Task Snippets_of_generation_run() => await RunAsync(folder => TinyModels.WriteLlama(folder), GenerationPage.RunAsync);

    /// <summary>Each block of the page stands in the file as a whole, and the first one is all of its usings.</summary>
    [Theory]
    [InlineData("library.md", "LibraryPage.cs")]
    [InlineData("translation.md", "TranslationPage.cs")]
    [InlineData("generation.md", "GenerationPage.cs")]
    public void Snippets_are_those_of_the_guide(string page, string file)
    {
        string[] source = Lines(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Seriatim.Tests", "Guide", file)));
        string[] parts = File.ReadAllText(Path.Combine(Repository.Root, "docs", "guide", page)).Split("```csharp\n");
        string[][] blocks = [.. parts.Skip(1).Select(part => Lines(part[..part.IndexOf("```", StringComparison.Ordinal)].Replace("Console.", "console.", StringComparison.Ordinal)))];
        Assert.True(blocks.Length >= 2, $"{page} has {blocks.Length} blocks of C#: usings and snippets are needed.");
        Assert.Equal(source.Where(IsUsing), blocks[0]);
        string all = string.Join('\n', source);
        Assert.All(blocks, block => Assert.Contains(string.Join('\n', block), all));
    }

    private static bool IsUsing(string line) =>
        line.StartsWith("using ", StringComparison.Ordinal) && !line.StartsWith("using var", StringComparison.Ordinal) && !line.Contains('(', StringComparison.Ordinal);

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static async Task RunAsync(Action<string> write, Func<string, StringWriter, Task> run)
    {
        using var temp = new TempFolder();
        write(temp.Path);
        using var console = new StringWriter();
        await run(temp.Path, console);
    }
}
