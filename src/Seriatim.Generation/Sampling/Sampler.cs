namespace Seriatim.Generation;

/// <summary>
/// A sampler: everything that checks, chains, flags and the guide know of it. It stands in the file of its processor; where it
/// comes in the orders says <see cref="Samplers"/>.
/// </summary>
internal sealed record Sampler
{
    /// <summary>As in transformers or llama.cpp.</summary>
    public required string Name { get; init; }

    public required SamplerStage Stage { get; init; }

    /// <summary>What it does to the logit <c>l</c> of a token, for the guide.</summary>
    public required string Does { get; init; }

    /// <summary>The options it follows from: it is left out where all of them are neutral.</summary>
    public required IReadOnlyList<SamplerOption> Options { get; init; }

    /// <summary>Refuses values that mean nothing; the number is that of ids.</summary>
    public Action<SamplingOptions, int> Check { get; init; } = (_, _) => { };

    /// <summary>The processor; none or several are possible, too.</summary>
    public required Func<SamplerTerms, IEnumerable<LogitsProcessor>> Create { get; init; }

    /// <summary>Its flags; those with texts and ids are written by hand.</summary>
    public IReadOnlyList<SamplerFlag> Flags { get; init; } = [];

    /// <summary>Whether it contradicts temperature 0.</summary>
    public bool NeedsTemperature { get; init; }

    /// <summary>Whether it contradicts all truncation, and defaults of truncations give way to it.</summary>
    public bool ReplacesTruncation { get; init; }

    /// <summary>Whether it does anything.</summary>
    public bool IsSet(SamplingOptions options)
    {
        foreach (SamplerOption option in Options)
        {
            if (option.IsNeutral is { } isNeutral && !isNeutral(options))
                return true;
        }

        return false;
    }

    /// <summary>The processors of a request.</summary>
    public IEnumerable<LogitsProcessor> For(SamplerTerms terms) =>
        IsSet(terms.Options) || Options.Any(option => option.IsNeutral is null) ? Create(terms) : [];
}
