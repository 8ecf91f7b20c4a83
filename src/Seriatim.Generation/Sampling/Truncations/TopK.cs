namespace Seriatim.Generation;

/// <summary>Only the k best (Fan et al., 2018); ties at the border go to the smaller id.</summary>
internal sealed class TopK(int k) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Truncation Row { get; } = new(
        "Sampling.TopK",
        options => options.TopK != 0,
        options => OptionCheck.AtLeast("Sampling.TopK", options.TopK, 0),
        options => new TopK(options.TopK));

    public override void Apply(LogitsRow row) => row.KeepTop(k);
}
