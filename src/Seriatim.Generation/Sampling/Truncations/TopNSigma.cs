namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Only tokens whose logit is at most n standard deviations below the highest (Tang et al., 2024); 0: off.</summary>
    public float TopNSigma { get; init; }
}

/// <summary>Tokens within n standard deviations of the best logit.</summary>
internal sealed class TopNSigma(float n) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "top_n_sigma",
        Stage = SamplerStage.Truncation,
        Does = "keeps `l ≥ max - n·σ` (σ over the candidates)",
        Options = [SamplerOption.Of("TopNSigma", 0f, options => options.TopNSigma)],
        Check = (options, _) => OptionCheck.NotNegative("Sampling.TopNSigma", options.TopNSigma),
        Create = terms => [new TopNSigma(terms.Options.TopNSigma)],
        Flags =
        [
            new SamplerFlag<float>("TopNSigma", ["--top-nsigma", "--top-n-sigma"], "n",
                "Only tokens whose logit is at most n standard deviations below the highest; 0: off.", 0,
                (options, n) => options with { TopNSigma = n }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        ReadOnlySpan<ulong> candidates = row.Candidates;
        double max = double.NegativeInfinity;
        double mean = 0;
        foreach (ulong key in candidates)
        {
            double logit = row.Values[LogitsRow.IdOf(key)];
            max = Math.Max(max, logit);
            mean += logit;
        }

        mean /= candidates.Length;
        double variance = 0;
        foreach (ulong key in candidates)
        {
            double distance = row.Values[LogitsRow.IdOf(key)] - mean;
            variance += distance * distance;
        }

        row.KeepFrom(max - n * Math.Sqrt(variance / candidates.Length));
    }
}
