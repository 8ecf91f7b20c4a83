namespace Seriatim.Generation;

/// <summary>Drops ids that end or stop a sequence until there are enough new tokens.</summary>
internal sealed class MinTokens(int tokens, IEnumerable<int> ids, int vocabulary) : LogitsProcessor
{
    private readonly TokenMask _dropped = new(vocabulary, ids);

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "min_new_tokens",
        Stage = SamplerStage.Score,
        Does = "drops end and stop ids",
        Options = [SamplerOption.OfRequest("MinNewTokens", "0")],
        Create = terms => terms.Request.MinNewTokens > 0
            ? [new MinTokens(terms.Request.MinNewTokens, terms.EndIds.Concat(terms.Request.StopIds), terms.Vocabulary)]
            : [],
    };

    public override void Apply(LogitsRow row)
    {
        if (row.Step < tokens)
            row.Drop(_dropped);
    }
}
