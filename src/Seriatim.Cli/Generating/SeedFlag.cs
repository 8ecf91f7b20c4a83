using System.CommandLine;
using System.Security.Cryptography;

namespace Seriatim.Cli;

/// <summary>The seed of random numbers: what was given, or one that is drawn, once for a run, and reported.</summary>
internal sealed class SeedFlag
{
    private const string Draw = "-1";

    private ulong? _drawn;

    public SeedFlag() => Option.Validators.Add(result =>
    {
        if (result.Tokens is [{ Value: var text }] && text != Draw && !Numbers.TryRead(text, out ulong _))
        {
            result.AddError($"{UsageReport.NameOf(result)} is {UsageReport.Shown(text)}; {Numbers.Needed<ulong>(text)} (or -1: "
                + "one is drawn).");
        }
    });

    public Option<string?> Option { get; } = Flag.Maybe<string>(
        "Seed of the random numbers: the same seed gives the same text. -1, or none: one is drawn, and reported.", "n",
        "--seed", "-s");

    /// <summary>Whether the seed was drawn.</summary>
    public bool IsDrawn => _drawn is not null;

    /// <summary>The seed of this run. Drawn ones are short, because people copy them.</summary>
    public ulong Of(ParseResult result) =>
        Numbers.TryRead(result.GetValue(Option) ?? Draw, out ulong given)
            ? given
            : _drawn ??= (ulong)RandomNumberGenerator.GetInt32(int.MaxValue);
}
