namespace Seriatim.Generation;

public sealed partial record TokenConstraints
{
    /// <summary>Ids that cannot be chosen (<c>suppress_tokens</c>).</summary>
    public IReadOnlyList<int> Suppressed { get; init; } = [];
}

/// <summary>Drops ids.</summary>
internal sealed class SuppressTokens(IEnumerable<int> ids, int vocabulary) : LogitsProcessor
{
    private readonly TokenMask _dropped = new(vocabulary, ids);

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "suppress_tokens",
        Stage = SamplerStage.Score,
        Does = "drops ids",
        Options = [SamplerOption.Many("Constraints.Suppressed", options => options.Constraints.Suppressed.Count)],
        Check = (options, vocabulary) =>
            OptionCheck.Tokens("Sampling.Constraints.Suppressed", options.Constraints.Suppressed, vocabulary),
        Create = terms => [new SuppressTokens(terms.Options.Constraints.Suppressed, terms.Vocabulary)],
    };

    public override void Apply(LogitsRow row) => row.Drop(_dropped);
}
