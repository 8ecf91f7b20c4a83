using System.Xml.Linq;

namespace Seriatim.Tests;

/// <summary>Rules of the house that no compiler checks.</summary>
public sealed class HouseTests
{
    /// <summary>From the top of the house to its ground floor; projects on one floor do not know each other.</summary>
    private static readonly string[][] Floors =
    [
        ["Seriatim.Cli"],
        ["Seriatim"],
        ["Seriatim.Generation", "Seriatim.Training"],
        ["Seriatim.Models"],
        ["Seriatim.Tokenizers", "Seriatim.Formats"],
        ["Seriatim.Tensors"],
    ];

    [Fact]
    public void Dependencies_point_down_only()
    {
        string[] projects = [.. Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(Path.GetFileName)!];
        Assert.Equal(Floors.SelectMany(floor => floor).Order(), projects.Order());
        foreach (string project in projects)
        {
            foreach (string reference in References(project))
                Assert.True(FloorOf(reference) > FloorOf(project), $"{project} references {reference}, which is not below it.");
        }
    }

    [Fact]
    public void The_readme_and_ci_run_the_same_tests()
    {
        const string Command = "dotnet test Seriatim.slnx -c Release --filter \"Category!=Long\"";
        Assert.Contains(Command, File.ReadAllText(Path.Combine(Repository.Root, "README.md")));
        Assert.Contains(Command, File.ReadAllText(Path.Combine(Repository.Root, ".ci", "run")));
    }

    [Fact]
    public void Every_decision_has_a_number_of_its_own()
    {
        string[] names = [.. Directory.GetFiles(Path.Combine(Repository.Root, "docs", "decisions"), "*.md").Select(Path.GetFileName)!];
        Assert.All(names, name => Assert.Matches(@"^\d{3}-[a-z0-9-]+\.md$", name));
        Assert.Equal(names.Length, names.Select(name => name[..3]).Distinct().Count());
    }

    private static int FloorOf(string project) => Array.FindIndex(Floors, floor => floor.Contains(project));

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(Path.Combine(Repository.Root, "src", project, $"{project}.csproj")).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
}
