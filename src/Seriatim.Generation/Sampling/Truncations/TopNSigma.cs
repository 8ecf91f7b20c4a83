namespace Seriatim.Generation;

/// <summary>Tokens within n standard deviations of the best logit.</summary>
internal sealed class TopNSigma(float n) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.TopNSigma",
        options => options.TopNSigma != 0,
        options => OptionCheck.NotNegative("Sampling.TopNSigma", options.TopNSigma),
        options => new TopNSigma(options.TopNSigma));

    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<ulong> candidates = row.Candidates;
        double max = double.NegativeInfinity;
        double mean = 0;
        foreach (ulong key in candidates)
        {
            double logit = row.Logits[LogitsRow.IdOf(key)];
            max = Math.Max(max, logit);
            mean += logit;
        }

        mean /= candidates.Length;
        double variance = 0;
        foreach (ulong key in candidates)
        {
            double distance = row.Logits[LogitsRow.IdOf(key)] - mean;
            variance += distance * distance;
        }

        row.KeepFrom(max - n * Math.Sqrt(variance / candidates.Length));
    }
}
