namespace Seriatim.Generation;

public sealed partial record SamplingOptions
{
    /// <summary>Only the k most probable tokens; 0: off.</summary>
    public int TopK { get; init; }
}

/// <summary>Only the k best (Fan et al., 2018); ties at the border go to the smaller id.</summary>
internal sealed class TopK(int k) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "top_k",
        Stage = SamplerStage.Truncation,
        Does = "keeps the k best (ties: the smaller id)",
        Options = [SamplerOption.Of("TopK", 0, options => options.TopK)],
        Check = (options, _) => OptionCheck.AtLeast("Sampling.TopK", options.TopK, 0),
        Create = terms => [new TopK(terms.Options.TopK)],
        Flags =
        [
            new SamplerFlag<int>("TopK", ["--top-k"], "k", "Only the k most probable tokens; 0: off.", 0,
                (options, k) => options with { TopK = k }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row) => row.KeepTop(k);
}
