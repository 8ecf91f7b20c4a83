namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Only tokens with at least this probability (Hewitt et al., 2022); 0: off.</summary>
    public float EpsilonCutoff { get; init; }
}

/// <summary>Tokens with a probability; at least the best one.</summary>
internal sealed class EpsilonCutoff(float epsilon) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "epsilon_cutoff",
        Stage = SamplerStage.Truncation,
        Does = "keeps probability ≥ ε, at least the best",
        Options = [SamplerOption.Of("EpsilonCutoff", 0f, options => options.EpsilonCutoff)],
        Check = (options, _) => OptionCheck.Between("Sampling.EpsilonCutoff", options.EpsilonCutoff, 0, 0.999999),
        Create = terms => [new EpsilonCutoff(terms.Options.EpsilonCutoff)],
        Flags =
        [
            new SamplerFlag<float>("EpsilonCutoff", ["--epsilon-cutoff"], "p",
                "Only tokens with at least this probability; 0: off.", 0,
                (options, p) => options with { EpsilonCutoff = p }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        row.KeepFrom(Math.Min(max, max + PlainMath.Log(sum) + PlainMath.Log(epsilon)));
    }
}
