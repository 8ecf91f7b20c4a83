using System.CommandLine;

namespace Seriatim.Cli;

/// <summary>Makes options, and tells whether the user gave them: a flag that would do nothing is refused.</summary>
internal static class Flag
{
    public static Option<T> Of<T>(string description, string helpName, T value, string name, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = helpName,
            DefaultValueFactory = _ => value,
        };

    public static Option<T?> Maybe<T>(string description, string helpName, string name, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = helpName };

    public static Option<string[]> Many(string description, string helpName, string name, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = helpName };

    public static Option<bool> Switch(string description, string name, params string[] aliases) =>
        new(name, aliases) { Description = description };

    public static bool IsGiven(this ParseResult result, Option option) => result.GetResult(option) is { Implicit: false };

    /// <summary>Refuses options that mean nothing without another.</summary>
    public static void Require(this ParseResult result, bool has, string needed, params Option[] options)
    {
        if (has)
            return;
        foreach (Option option in options)
        {
            if (result.IsGiven(option))
                throw new UsageException($"{option.Name} does nothing without {needed}.");
        }
    }

    /// <summary>Token ids, separated by commas or blanks.</summary>
    public static IReadOnlyList<int>? Ids(this ParseResult result, Option<string?> option)
    {
        if (result.GetValue(option) is not { } text)
            return null;
        return [.. text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(word => int.TryParse(word, out int id)
            ? id
            : throw new UsageException($"{option.Name}: '{word}' is not a token id; give ids with commas between, e.g. 3,17."))];
    }
}
