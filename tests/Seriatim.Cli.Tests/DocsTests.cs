using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Seriatim.Cli.Tests;

/// <summary>Every command line in README, guide, models' cards and recipes is one the program takes.</summary>
public sealed partial class DocsTests
{
    public static TheoryData<string> Pages => [.. new[] { "README.md", "README.zh-CN.md" }
        .Concat(((string[])["docs/guide", "models", "recipes", "src", "packaging"])
            .SelectMany(folder => Directory.GetFiles(Path.Combine(Cli.Root, folder), "*.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Cli.Root, path)).Where(path => !path.Contains("bin") || path.StartsWith("models", StringComparison.Ordinal)))
        .Where(path => Lines(path).Any()).Distinct().Order()];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Commands_are_understood(string page)
    {
        string[] wrong = [.. Lines(page).SelectMany(line => CommandLine.Build().Parse([.. CommandLineParser.SplitCommandLine(line).Skip(1)]).Errors
            .Select(error => $"{line}: {error.Message}"))];
        Assert.True(wrong.Length == 0, $"{page}{Environment.NewLine}{string.Join(Environment.NewLine, wrong)}");
    }

    [Fact]
    public void A_command_that_is_not_understood_is_seen() => Assert.NotEmpty(CommandLine.Build().Parse(["generate", "--tmp", "1"]).Errors);

    /// <summary>Lines of code blocks and code in the text that begin with the program's name: what stands in brackets is given, of alternatives the first, comments and pipes are left out.</summary>
    private static IEnumerable<string> Lines(string page)
    {
        string text = File.ReadAllText(Path.Combine(Cli.Root, page));
        // A line that is shown with its error is there because it is wrong.
        IEnumerable<string> blocks = Block().Matches(text).SelectMany(match => match.Groups[1].Value.Split('\n') is var lines
            ? lines.Where((_, i) => i + 1 == lines.Length || !lines[i + 1].StartsWith("seriatim: ", StringComparison.Ordinal)) : [])
            .Select(line => line.Trim().TrimStart('$').Trim());
        IEnumerable<string> inline = Inline().Matches(Block().Replace(text, "")).Select(match => match.Groups[1].Value);
        foreach (string line in blocks.Concat(inline))
        {
            int at = line.IndexOf("seriatim ", StringComparison.Ordinal);
            bool piped = at > 0 && line[..at].TrimEnd().EndsWith('|');
            if (at != 0 && !piped)
                continue;
            string command = Comment().Replace(line[at..], "");
            command = Redirect().Replace(command, "");
            command = Alternative().Replace(command, "$1");
            command = NumberName().Replace(command, "1");
            command = command.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
            if (!command.Contains("COMMAND", StringComparison.Ordinal) && !command.Contains("VERB", StringComparison.Ordinal) && !command.EndsWith("...", StringComparison.Ordinal))
                yield return command.Replace(" ...", "", StringComparison.Ordinal);
        }
    }

    [GeneratedRegex("```(?:|sh|bash|console)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    /// <summary>A command alone, as in `seriatim train`, is only named; what has a flag or a text is meant to be typed.</summary>
    [GeneratedRegex("`(seriatim [^`]*(?: -|\")[^`]*)`")]
    private static partial Regex Inline();

    /// <summary>Words after three or more spaces explain, and so does what follows a hash.</summary>
    [GeneratedRegex(@"\s{3,}[^-\s""].*$|\s+#\s.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\s+(<|>>?|\|)\s.*$|\s+2?>\s*\S+$")]
    private static partial Regex Redirect();

    /// <summary>Names that stand for a number.</summary>
    [GeneratedRegex(@"(?<=\s)(LENGTH|N)\b")]
    private static partial Regex NumberName();

    [GeneratedRegex(@"(?<=\s)([\w./-]+)(\|[\w./-]+)+")]
    private static partial Regex Alternative();
}
