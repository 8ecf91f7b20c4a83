using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>The flags of samplers, as their table has them.</summary>
/// <param name="which">The samplers whose flags these are.</param>
internal sealed class TableFlags(Func<Sampler, bool> which)
{
    private readonly Row[] _rows = [.. Samplers.HuggingFace.Where(which).Select(
        sampler => new Row(sampler, [.. sampler.Flags.Select(NumberFlag.Of)]))];

    public IEnumerable<Option> All => _rows.SelectMany(row => row.Flags).Select(flag => flag.Option);

    /// <summary>Whether a flag that sets an option was given.</summary>
    public bool IsGiven(ParseResult result, string option) =>
        _rows.SelectMany(row => row.Flags).Any(flag => flag.Flag.Option == option && result.IsGiven(flag.Option));

    /// <summary>The options with what was given; the rest stays as it is.</summary>
    public SamplingOptions Apply(ParseResult result, SamplingOptions options)
    {
        foreach (Row row in _rows)
        {
            foreach (NumberFlag flag in row.Flags)
            {
                if (flag.Flag.NeedsFirst)
                    result.Require(row.Sampler.IsSet(options), row.FirstText, flag.Option);
                options = flag.Apply(result, options);
            }
        }

        return options;
    }

    private sealed record Row(Sampler Sampler, NumberFlag[] Flags)
    {
        /// <summary>What sets the sampler.</summary>
        public string FirstText => Flags[0].Flag.SetText ?? Flags[0].Option.Name;
    }

    /// <summary>A flag as the parser has it, and how it sets its option if it was given.</summary>
    private sealed record NumberFlag(
        SamplerFlag Flag, Option Option, Func<ParseResult, SamplingOptions, SamplingOptions> Apply)
    {
        public static NumberFlag Of(SamplerFlag flag) => flag switch
        {
            SamplerFlag<int> whole => Of(whole),
            SamplerFlag<float> decimals => Of(decimals),
            _ => throw new NotSupportedException($"{flag.Names[0]} takes what no flag of a sampler can: only int and float."),
        };

        private static NumberFlag Of<T>(SamplerFlag<T> flag)
            where T : struct
        {
            string[] aliases = [.. flag.Names.Skip(1)];
            if (flag.IsFromModel)
            {
                Option<T?> option = Seriatim.Cli.Flag.Maybe<T?>(
                    $"{flag.Help} Default: the model's.", flag.Value, flag.Names[0], aliases);
                return new NumberFlag(flag, option,
                    (result, options) => result.GetValue(option) is { } value ? Set(flag, options, value) : options);
            }

            Option<T> usual = Seriatim.Cli.Flag.Of(flag.Help, flag.Value, flag.Default, flag.Names[0], aliases);
            return new NumberFlag(flag, usual,
                (result, options) => result.IsGiven(usual) ? Set(flag, options, result.GetValue(usual)) : options);
        }

        private static SamplingOptions Set<T>(SamplerFlag<T> flag, SamplingOptions options, T value)
            where T : struct => flag.Refuse(value) is { } allowed
                ? throw new UsageException($"{flag.Names[0]} is {value}; {allowed}.")
                : flag.Set(options, value);
    }
}
