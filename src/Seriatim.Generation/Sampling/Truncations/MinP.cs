namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Only tokens with at least this part of the highest probability; 0: off.</summary>
    public float MinP { get; init; }
}

/// <summary>Tokens with a part of the highest probability (Nguyen et al., 2024).</summary>
internal sealed class MinP(float p) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "min_p",
        Stage = SamplerStage.Truncation,
        Does = "keeps probability ≥ p · the highest",
        Options = [SamplerOption.Of("MinP", 0f, options => options.MinP)],
        Check = (options, _) => OptionCheck.Between("Sampling.MinP", options.MinP, 0, 1),
        Create = terms => [new MinP(terms.Options.MinP)],
        Flags =
        [
            new SamplerFlag<float>("MinP", ["--min-p"], "p",
                "Only tokens with at least this part of the highest probability; 0: off.", 0,
                (options, p) => options with { MinP = p }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row) => row.KeepFrom(row.Max() + PlainMath.Log(p));
}
