namespace Seriatim.Generation;

public sealed partial record PenaltyOptions
{
    /// <summary>No n-gram of this size comes twice in prompt and output; 0: off.</summary>
    public int NoRepeatNgramSize { get; init; }
}

/// <summary>An n-gram cannot come twice.</summary>
internal sealed class NoRepeatNgram(int size) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "no_repeat_ngram_size",
        Stage = SamplerStage.Score,
        Does = "drops tokens that would complete an n-gram a second time",
        Options = [SamplerOption.Of("Penalties.NoRepeatNgramSize", 0, options => options.Penalties.NoRepeatNgramSize)],
        Check = (options, _) =>
            OptionCheck.AtLeast("Sampling.Penalties.NoRepeatNgramSize", options.Penalties.NoRepeatNgramSize, 0),
        Create = terms => [new NoRepeatNgram(terms.Options.Penalties.NoRepeatNgramSize)],
        Flags =
        [
            new SamplerFlag<int>("Penalties.NoRepeatNgramSize", ["--no-repeat-ngram-size"], "n",
                "No n-gram of this size comes twice; 0: off.", 0,
                (options, n) => options with { Penalties = options.Penalties with { NoRepeatNgramSize = n } })
            { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<int> history = row.History;
        if (history.Length + 1 < size)
            return;
        ReadOnlySpan<int> last = history[^(size - 1)..];
        for (int i = 0; i + size <= history.Length; i++)
        {
            if (history.Slice(i, size - 1).SequenceEqual(last))
                row.Values[history[i + size - 1]] = float.NegativeInfinity;
        }
    }
}
