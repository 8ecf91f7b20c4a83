namespace Seriatim.Generation;

/// <summary>Tokens with a probability that falls with the entropy; at least the best one.</summary>
internal sealed class EtaCutoff(float epsilon) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.EtaCutoff",
        options => options.EtaCutoff != 0,
        options => OptionCheck.Between("Sampling.EtaCutoff", options.EtaCutoff, 0, 0.999999),
        options => new EtaCutoff(options.EtaCutoff));

    public override void Apply(LogitsRow row)
    {
        (double max, double sum) = row.SoftmaxParts();
        double eta = Math.Min(epsilon, Math.Sqrt(epsilon) * PlainMath.Exp(-row.Entropy(max, sum)));
        row.KeepFrom(Math.Min(max, max + PlainMath.Log(sum) + PlainMath.Log(eta)));
    }
}
