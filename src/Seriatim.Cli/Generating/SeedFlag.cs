using System.CommandLine;
using System.Security.Cryptography;

namespace Seriatim.Cli;

/// <summary>The seed of random numbers: what was given, or one that is drawn, once for a run, and reported.</summary>
internal sealed class SeedFlag
{
    private ulong? _drawn;

    public Option<ulong?> Option { get; } = new("--seed", "-s")
    {
        Description = "Seed of the random numbers: the same seed gives the same text. -1, or none: one is drawn, and reported.",
        HelpName = "n",
        CustomParser = result =>
        {
            if (result.Tokens is not [{ Value: var text }] || text == "-1")
                return null;
            if (!Numbers.TryRead(text, out ulong value))
                result.AddError($"{UsageReport.NameOf(result)} is {UsageReport.Shown(text)}; {Numbers.Needed<ulong>(text)} (or -1: one is drawn).");
            return value;
        },
    };

    /// <summary>Whether the seed was drawn.</summary>
    public bool IsDrawn => _drawn is not null;

    /// <summary>The seed of this run. Drawn ones are short, because people copy them.</summary>
    public ulong Of(ParseResult result) => result.GetValue(Option) ?? (_drawn ??= (ulong)RandomNumberGenerator.GetInt32(int.MaxValue));
}
