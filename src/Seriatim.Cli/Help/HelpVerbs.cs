using System.CommandLine;
using System.Reflection;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary><c>seriatim help</c> and <c>seriatim version</c>, which people type before they know flags.</summary>
internal static class HelpVerbs
{
    public static Command BuildHelp(RootCommand root)
    {
        var words = new Argument<string[]>("command")
        {
            Description = "The command to explain; none: all of them.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        words.CompletionSources.Add(_ => root.Subcommands.Where(verb => !verb.Hidden)
            .Select(verb => new System.CommandLine.Completions.CompletionItem(verb.Name)));
        var command = new Command("help", "Explain the program or a command.") { words };
        command.SetAction(result =>
        {
            Command found = root;
            foreach (string word in result.GetValue(words) ?? [])
            {
                found = found.Subcommands.FirstOrDefault(verb => verb.Name == word) ?? throw new UsageException(
                    NearestName.Find(word, found.Subcommands.Select(verb => verb.Name)) is { } nearest
                        ? $"There is no command {word}. Did you mean {nearest}?"
                    : $"There is no command {word}. 'seriatim help' lists what there is.");
            }

            return HelpAction.Show(found, brief: false);
        });
        return command;
    }

    public static Command BuildVersion()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ =>
        {
            Console.Out.WriteLine(Version);
            return ExitCodes.Success;
        });
        return command;
    }

    /// <summary>The version as <c>--version</c> prints it.</summary>
    public static string Version { get; } =
        typeof(HelpVerbs).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>The version without the mark of its source.</summary>
    public static string ShortVersion => Version.Split('+')[0];
}
