namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Exclude top choices; null: off.</summary>
    public XtcOptions? Xtc { get; init; }
}

/// <summary>Sometimes drops all tokens above a probability but the least probable of them.</summary>
internal sealed class ExcludeTopChoices(XtcOptions options) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "xtc",
        Stage = SamplerStage.Truncation,
        Does = "with its probability: drops all tokens above the threshold but the least probable of them",
        Options = [SamplerOption.Maybe("Xtc", options => options.Xtc)],
        NeedsTemperature = true,
        Check = (options, _) => Check(options.Xtc),
        Create = terms => [new ExcludeTopChoices(terms.Options.Xtc!)],
        Flags =
        [
            new SamplerFlag<float>("Xtc.Probability", ["--xtc-probability"], "p", "Exclude top choices: how often; 0: off.", 0,
                (options, p) => options with { Xtc = p == 0 ? null : new(p) }),
            new SamplerFlag<float>("Xtc.Threshold", ["--xtc-threshold"], "p", "Exclude top choices: above which probability.",
                new XtcOptions(0).Threshold,
                (options, p) => options with { Xtc = options.Xtc! with { Threshold = p } }) { NeedsFirst = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        (uint bits, _, _, _) = CounterRandom.Next(row.Seed, (uint)row.SequenceIndex, (uint)row.Step, CounterRandom.ExcludeTop, 0);
        if (CounterRandom.Unit(bits) >= options.Probability)
            return;
        (double max, double sum) = row.SoftmaxParts();
        double least = options.Threshold * sum;

        // Above a probability of at most 1/2 there are at most 1 / threshold tokens.
        ReadOnlySpan<ulong> top = row.Top((int)Math.Min(row.Candidates.Length, Math.Ceiling(1.0 / options.Threshold) + 1));
        int above = 0;
        while (above < top.Length && PlainMath.Exp(row.Values[LogitsRow.IdOf(top[above])] - max) >= least)
            above++;
        for (int i = 0; i < above - 1; i++)
            row.Values[LogitsRow.IdOf(top[i])] = float.NegativeInfinity;
        row.DropMarked();
    }

    private static void Check(XtcOptions? xtc)
    {
        if (xtc is null)
            return;
        OptionCheck.Fraction("Sampling.Xtc.Probability", xtc.Probability);
        if (!(xtc.Threshold > 0 && xtc.Threshold <= 0.5f))
            throw new InvalidOptionException("Sampling.Xtc.Threshold", xtc.Threshold, "above 0 and up to 0.5 is allowed");
    }
}
