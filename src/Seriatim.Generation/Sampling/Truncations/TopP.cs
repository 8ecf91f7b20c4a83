namespace Seriatim.Generation;

/// <summary>The smallest set of the best that reaches a probability (Holtzman et al., 2020: nucleus sampling).</summary>
internal sealed class TopP(float p) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.TopP",
        options => options.TopP != 1,
        options => OptionCheck.Fraction("Sampling.TopP", options.TopP),
        options => new TopP(options.TopP));

    public override void Apply(LogitsRow row) => row.KeepMass(p);
}
