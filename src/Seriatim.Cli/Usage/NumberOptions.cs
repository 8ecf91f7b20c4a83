using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;

namespace Seriatim.Cli;

/// <summary>Gives every option and argument of a command tree that takes numbers the reader of <see cref="Numbers"/>.</summary>
internal static class NumberOptions
{
    public static void Install(Command command)
    {
        foreach (Option option in command.Options)
            Install(option);
        foreach (Command verb in command.Subcommands)
            Install(verb);
    }

    private static void Install(Option option)
    {
        switch (option)
        {
            case Option<int> one: one.CustomParser ??= Read<int>; break;
            case Option<int?> one: one.CustomParser ??= result => Read<int>(result); break;
            case Option<int[]> many: many.CustomParser ??= ReadAll<int>; break;
            case Option<long> one: one.CustomParser ??= Read<long>; break;
            case Option<long?> one: one.CustomParser ??= result => Read<long>(result); break;
            case Option<ulong> one: one.CustomParser ??= Read<ulong>; break;
            case Option<ulong?> one: one.CustomParser ??= result => Read<ulong>(result); break;
            case Option<float> one: one.CustomParser ??= Read<float>; break;
            case Option<float?> one: one.CustomParser ??= result => Read<float>(result); break;
            case Option<double> one: one.CustomParser ??= Read<double>; break;
            case Option<double?> one: one.CustomParser ??= result => Read<double>(result); break;
        }
    }

    private static T Read<T>(ArgumentResult result)
        where T : struct, INumber<T> => result.Tokens.Count == 1 ? Read<T>(result, result.Tokens[0].Value) : default;

    private static T[] ReadAll<T>(ArgumentResult result)
        where T : struct, INumber<T> => [.. result.Tokens.Select(token => Read<T>(result, token.Value))];

    private static T Read<T>(ArgumentResult result, string text)
        where T : struct, INumber<T>
    {
        if (!Numbers.TryRead(text, out T value))
            result.AddError($"{UsageReport.NameOf(result)} is {UsageReport.Shown(text)}; {Numbers.Needed<T>(text)}.");
        return value;
    }
}
