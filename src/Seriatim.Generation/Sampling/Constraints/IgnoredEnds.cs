namespace Seriatim.Generation;

/// <summary>Ids that end a sequence are never chosen.</summary>
internal static class IgnoredEnds
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "ignore_eos",
        Stage = SamplerStage.Score,
        Does = "drops end ids",
        Options = [SamplerOption.OfRequest("IgnoreEndIds", "false")],
        Create = terms => terms.Request.IgnoreEndIds ? [new SuppressTokens(terms.EndIds, terms.Vocabulary)] : [],
    };
}
