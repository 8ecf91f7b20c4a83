namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Only the most probable tokens that together reach this probability; 1: off.</summary>
    public float TopP { get; init; } = 1;
}

/// <summary>The smallest set of the best that reaches a probability (Holtzman et al., 2020: nucleus sampling).</summary>
internal sealed class TopP(float p) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "top_p",
        Stage = SamplerStage.Truncation,
        Does = "keeps the smallest set of the best that reaches p",
        Options = [SamplerOption.Of("TopP", 1f, options => options.TopP)],
        Check = (options, _) => OptionCheck.Fraction("Sampling.TopP", options.TopP),
        Create = terms => [new TopP(terms.Options.TopP)],
        Flags =
        [
            new SamplerFlag<float>("TopP", ["--top-p"], "p", "Only the most probable tokens that together reach p; 1: off.", 1,
                (options, p) => options with { TopP = p }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row) => row.KeepMass(p);
}
