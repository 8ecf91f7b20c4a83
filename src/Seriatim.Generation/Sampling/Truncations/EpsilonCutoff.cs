namespace Seriatim.Generation;

/// <summary>Tokens with a probability; at least the best one.</summary>
internal sealed class EpsilonCutoff(float epsilon) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.EpsilonCutoff",
        options => options.EpsilonCutoff != 0,
        options => OptionCheck.Between("Sampling.EpsilonCutoff", options.EpsilonCutoff, 0, 0.999999),
        options => new EpsilonCutoff(options.EpsilonCutoff));

    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        row.KeepFrom(Math.Min(max, max + PlainMath.Log(sum) + PlainMath.Log(epsilon)));
    }
}
