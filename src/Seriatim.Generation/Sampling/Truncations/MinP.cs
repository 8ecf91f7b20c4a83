namespace Seriatim.Generation;

/// <summary>Tokens with a part of the highest probability (Nguyen et al., 2024).</summary>
internal sealed class MinP(float p) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.MinP",
        options => options.MinP != 0,
        options => OptionCheck.Between("Sampling.MinP", options.MinP, 0, 1),
        options => new MinP(options.MinP));

    public override void Apply(LogitsRow row) => row.KeepFrom(row.Max() + PlainMath.Log(p));
}
