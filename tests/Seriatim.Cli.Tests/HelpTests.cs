using System.CommandLine;
using System.Text.RegularExpressions;

namespace Seriatim.Cli.Tests;

/// <summary>Help: everything has its page, nothing is wider than the screen, no word is broken.</summary>
public sealed partial class HelpTests
{
    private static readonly RootCommand Root = CommandLine.Build();

    public static TheoryData<int> Widths => [40, 80, 120];

    [Fact]
    public void Every_command_has_a_page_whose_flags_there_are()
    {
        string[] verbs = [.. HelpPages.Names.Where(name => !name.Contains(' '))];
        Assert.Equal(Root.Subcommands.Select(verb => verb.Name).Order(), verbs.Order());
        Assert.All(HelpPages.Names.Where(name => name.Contains(' ')).Select(name => name.Split(' ')), path => Assert.Contains(
            Root.Subcommands.Single(verb => verb.Name == path[0]).Subcommands, verb => verb.Name == path[1]));
        foreach (Command verb in Root.Subcommands)
        {
            HelpPage page = HelpPages.Of(verb.Name)!;
            Assert.Contains(page.Group, HelpPages.Groups);
            string[] known = [.. All(verb).SelectMany(command => command.Options).SelectMany(option => option.Aliases.Append(option.Name))];
            Assert.All(page.Common ?? [], name => Assert.Contains(name, known));
            foreach ((string line, _) in page.Examples)
            {
                Assert.Contains(verb.Name, line);
                Assert.All(FlagForm().Matches(line).Select(match => match.Value), flag => Assert.Contains(flag, known));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Nothing_is_wider_than_the_screen_and_no_word_is_broken(int width)
    {
        string[] texts = [new HelpText(width, coloured: false).Overview(Root), .. Root.Subcommands.SelectMany(All).SelectMany(command =>
            new[] { new HelpText(width, coloured: false).Brief(command), new HelpText(width, coloured: false).Full(command) })];
        texts = [.. texts, .. Root.Subcommands.Select(verb => Escapes().Replace(new HelpText(width, coloured: true).Brief(verb), ""))];
        foreach (string text in texts)
            Assert.All(text.Split(Environment.NewLine), line => Assert.True(TextWidth.Of(line) <= width, $"{TextWidth.Of(line)} > {width}: {line}"));
        foreach (Option option in Root.Subcommands.SelectMany(All).SelectMany(command => command.Options).Where(option => option.Description is not null))
        {
            // All words are there, and each in one piece: names of many files in one word may be longer than a narrow screen.
            string folded = string.Join(' ', WordFold.Lines(option.Description!, width));
            if (option.Description!.Split(' ').All(word => word.Length <= width))
                Assert.Equal(option.Description, folded);
        }
    }

    [Fact]
    public void Help_is_found_by_all_its_names()
    {
        (int code, string output, string error) = Cli.Run();
        Assert.Equal(0, code);
        Assert.Empty(error);
        foreach (string[] args in new string[][] { ["help"], ["--help"], ["-h"] })
            Assert.Equal((0, output, ""), Cli.Run(args));
        Assert.All(HelpPages.Groups, group => Assert.Contains(group, output));
        string all = Cli.Run("generate", "--help").Output, brief = Cli.Run("generate", "-h").Output;
        Assert.Equal(all, Cli.Run("help", "generate").Output);
        Assert.True(brief.Length < all.Length / 3);
        Assert.Contains("--dry-multiplier", all);
        Assert.DoesNotContain("--dry-multiplier", brief);
        Assert.Contains("Examples", brief);
        Assert.Contains("the model's", all);
        Assert.Equal(Cli.Run("--version").Output, Cli.Run("version").Output);
        Assert.Contains("encode", Cli.Run("tokenize").Output);
        (code, _, error) = Cli.Run("help", "genrate");
        Assert.Equal(2, code);
        Assert.Contains("generate", error);
    }

    [Fact]
    public void Headings_are_coloured_for_terminals_alone()
    {
        Assert.Contains("\e[", new HelpText(80, coloured: true).Overview(Root));
        Assert.DoesNotContain("\e[", Cli.Run("--help").Output);
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    [GeneratedRegex(@"\e\[[0-9;]*m")]
    private static partial Regex Escapes();

    [GeneratedRegex(@"(?<= )--?[a-z][a-z-]*")]
    private static partial Regex FlagForm();
}
