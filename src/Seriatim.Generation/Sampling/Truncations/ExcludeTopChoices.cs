namespace Seriatim.Generation;

/// <summary>Sometimes drops all tokens above a probability but the least probable of them.</summary>
internal sealed class ExcludeTopChoices(XtcOptions options) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.Xtc",
        options => options.Xtc is not null,
        options => Check(options.Xtc),
        options => new ExcludeTopChoices(options.Xtc!));

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
        while (above < top.Length && PlainMath.Exp(row.Logits[LogitsRow.IdOf(top[above])] - max) >= least)
            above++;
        for (int i = 0; i < above - 1; i++)
            row.Logits[LogitsRow.IdOf(top[i])] = float.NegativeInfinity;
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
