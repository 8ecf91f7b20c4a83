namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Only tokens with at least min(η, √η · e^-entropy) (Hewitt et al., 2022); 0: off.</summary>
    public float EtaCutoff { get; init; }
}

/// <summary>Tokens with a probability that falls with the entropy; at least the best one.</summary>
internal sealed class EtaCutoff(float epsilon) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "eta_cutoff",
        Stage = SamplerStage.Truncation,
        Does = "keeps probability ≥ min(η, √η·e^-H), at least the best",
        Options = [SamplerOption.Of("EtaCutoff", 0f, options => options.EtaCutoff)],
        Check = (options, _) => OptionCheck.Between("Sampling.EtaCutoff", options.EtaCutoff, 0, 0.999999),
        Create = terms => [new EtaCutoff(terms.Options.EtaCutoff)],
        Flags =
        [
            new SamplerFlag<float>("EtaCutoff", ["--eta-cutoff"], "p", "Eta sampling; 0: off.", 0,
                (options, p) => options with { EtaCutoff = p }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        double eta = Math.Min(epsilon, Math.Sqrt(epsilon) * PlainMath.Exp(-row.Entropy(max, sum)));
        row.KeepFrom(Math.Min(max, max + PlainMath.Log(sum) + PlainMath.Log(eta)));
    }
}
