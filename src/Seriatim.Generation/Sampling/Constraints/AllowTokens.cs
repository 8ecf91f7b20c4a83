namespace Seriatim.Generation;

public sealed partial record TokenConstraints
{
    /// <summary>The only ids that can be chosen; null: all.</summary>
    public IReadOnlyList<int>? Allowed { get; init; }
}

/// <summary>Drops all ids but some.</summary>
internal sealed class AllowTokens(IEnumerable<int> ids, int vocabulary) : LogitsProcessor
{
    private readonly TokenMask _allowed = new(vocabulary, ids);

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "allowed_tokens",
        Stage = SamplerStage.Score,
        Does = "drops all other ids",
        Options = [SamplerOption.Maybe("Constraints.Allowed", options => options.Constraints.Allowed)],
        Check = (options, vocabulary) => Check(options.Constraints.Allowed, vocabulary),
        Create = terms => [new AllowTokens(terms.Options.Constraints.Allowed!, terms.Vocabulary)],
    };

    public override void Apply(LogitsRow row) => row.Keep(_allowed);

    private static void Check(IReadOnlyList<int>? allowed, int vocabulary)
    {
        if (allowed is null)
            return;
        if (allowed.Count == 0)
        {
            throw new InvalidOptionException("Sampling.Constraints.Allowed", "empty",
                "at least one id must be allowed; null allows all");
        }

        OptionCheck.Tokens("Sampling.Constraints.Allowed", allowed, vocabulary);
    }
}
