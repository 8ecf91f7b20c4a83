using System.CommandLine;
using System.CommandLine.Parsing;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>What is wrong with a command line, in the words of its flags, with the nearest name there is.</summary>
internal static class UsageReport
{
    /// <summary>Everything that is wrong; empty if nothing is.</summary>
    /// <param name="parsed">The command line as it was read.</param>
    /// <param name="args">The command line as it was written.</param>
    public static IReadOnlyList<string> Find(ParseResult parsed, string[] args)
    {
        if (parsed.Action is HelpAction || parsed.Tokens is [{ Type: TokenType.Directive }, ..])
            return [];
        Command command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [[not '-', ..] word, ..])
            return [NoCommand(word, command)];
        string[] strange = [.. StrangeFlags(parsed, args)];
        if (strange.Length > 0)
            return [.. strange.Distinct().Select(flag => NoOption(flag, command))];
        if (parsed.UnmatchedTokens is [var extra, ..]
            && parsed.Errors.All(error => parsed.UnmatchedTokens.Any(error.Message.Contains)))
        {
            return [$"'{extra}' is one word too "
                + $"many{(command.Arguments.Count == 1 ? "; put quotes around a text with blanks" : "")}."];
        }
        return [.. parsed.Errors.Select(Describe).Distinct()];
    }

    /// <summary>How the user calls the option whose value this is.</summary>
    public static string NameOf(SymbolResult result) => result switch
    {
        OptionResult option => option.IdentifierToken?.Value ?? option.Option.Name,
        ArgumentResult { Parent: OptionResult option } => NameOf(option),
        ArgumentResult argument => argument.Argument.Name,
        _ => "the command line",
    };

    public static string Shown(string text) => text.Length == 0 ? "empty" : text;

    /// <summary>The verbs that lead to a command, as users write them.</summary>
    public static string PathOf(CommandResult? result)
    {
        var names = new Stack<string>();
        for (; result is not null; result = result.Parent as CommandResult)
            names.Push(result.Command is RootCommand ? "seriatim" : result.Command.Name);
        return string.Join(' ', names);
    }

    /// <summary>Words that were taken for texts though they look like flags; behind <c>--</c> they are texts.</summary>
    private static IEnumerable<string> StrangeFlags(ParseResult parsed, string[] args)
    {
        int border = Array.IndexOf(args, "--");
        int literal = border < 0 ? 0 : args.Length - border - 1;
        string[] texts = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value), .. parsed.UnmatchedTokens];
        return texts.Take(texts.Length - Math.Min(texts.Length, literal)).Where(text => text is ['-', _, ..]);
    }

    private static string NoOption(string flag, Command command)
    {
        string name = flag.Split('=')[0];
        string? nearest = NearestName.Find(name, command.Options.Where(o => !o.Hidden).SelectMany(o => o.Aliases.Append(o.Name))
            .Where(known => known.StartsWith("--", StringComparison.Ordinal)));
        string text = command.Arguments.Count > 0 ? " (A text that begins with a hyphen is written behind --.)" : "";
        return nearest is null ? $"There is no option {name}.{text}" : $"There is no option {name}. Did you mean {nearest}?";
    }

    private static string NoCommand(string word, Command command)
    {
        string? nearest = NearestName.Find(word, command.Subcommands.Where(verb => !verb.Hidden).Select(verb => verb.Name));
        return nearest is null ? $"There is no command {word}." : $"There is no command {word}. Did you mean {nearest}?";
    }

    private static string Describe(ParseError error)
    {
        switch (error.SymbolResult)
        {
            case OptionResult option when option.Option.Arity.MaximumNumberOfValues == 1 && option.IdentifierTokenCount > 1:
                return $"{NameOf(option)} is given {option.IdentifierTokenCount} times; once is right.";
            case OptionResult option when option.Tokens.Count == 0 && option.Option.Arity.MinimumNumberOfValues > 0:
                return $"{NameOf(option)} needs a value{Among(option.Option)}.";
            case ArgumentResult { Parent: OptionResult option } argument
                when option.Option.ValueType.IsEnum && argument.Tokens.Count == 1:
                return $"{NameOf(option)} is {Shown(argument.Tokens[0].Value)}; one of these is needed{Among(option.Option)}.";
            case OptionResult option when option.Option.ValueType.IsEnum && option.Tokens.Count == 1:
                return $"{NameOf(option)} is {Shown(option.Tokens[0].Value)}; one of these is needed{Among(option.Option)}.";
        }

        return error.Message;
    }

    private static string Among(Option option) =>
        option.ValueType.IsEnum ? $": {string.Join(", ", Enum.GetNames(option.ValueType))}" : "";
}
