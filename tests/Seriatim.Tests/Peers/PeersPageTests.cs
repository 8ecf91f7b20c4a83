using System.Text;
using Seriatim.Peers;

namespace Seriatim.Tests.Peers;

/// <summary>
/// What the README and docs/peers.md say about the speed of others is made from the reports in docs/peers;
/// <c>SERIATIM_WRITE_DOCS=1</c> writes it.
/// </summary>
public sealed class PeersPageTests
{
    private const string Begin = "<!-- made from docs/peers -->", End = "<!-- until here -->";

    private static readonly string Docs = Path.Combine(Repository.Root, "docs");

    [Fact]
    public void The_page_is_what_was_measured()
    {
        var page = new StringBuilder("""
            # Beside others: what was measured

            Made by `benchmarks/peers` ([guide](guide/benchmarks.md)); this page is written from its reports in `docs/peers`.
            CTranslate2 was built with Debian's oneDNN 2.6 and OpenBLAS, without MKL, llama.cpp and ik_llama.cpp for the machine.

            """);
        foreach (PeerReport report in Reports())
            page.AppendLine().Append(PeerTable.ToMarkdown(report));
        Compare(Path.Combine(Docs, "peers.md"), page.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public void The_readme_says_what_was_measured()
    {
        string path = Path.Combine(Repository.Root, "README.md"), readme = File.ReadAllText(path);
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal), end = readme.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= 0 && end > begin, $"README.md has no '{Begin}' with '{End}' after it.");
        string table = PeerSummary.ToMarkdown([.. Reports()]);
        Compare(path, $"{readme[..(begin + Begin.Length)]}\n{table}{readme[end..]}");
    }

    private static IEnumerable<PeerReport> Reports() => Directory.GetFiles(Path.Combine(Docs, "peers"), "*.json")
        .Order(StringComparer.Ordinal).Select(file => PeerTable.FromJson(File.ReadAllText(file)));

    private static void Compare(string path, string expected)
    {
        if (Environment.GetEnvironmentVariable("SERIATIM_WRITE_DOCS") == "1")
            File.WriteAllText(path, expected);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected,
            $"{Path.GetFileName(path)} differs from the reports in docs/peers. Write it anew: SERIATIM_WRITE_DOCS=1 dotnet test "
                + "tests/Seriatim.Tests -c Release --filter FullyQualifiedName~PeersPage");
    }
}
