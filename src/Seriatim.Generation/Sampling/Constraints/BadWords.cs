namespace Seriatim.Generation;

public sealed partial record TokenConstraints
{
    /// <summary>Sequences of ids that cannot be completed (<c>bad_words_ids</c>).</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWords { get; init; } = [];
}

/// <summary>Sequences that cannot be completed: a bias of negative infinity.</summary>
internal static class BadWords
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "bad_words_ids",
        Stage = SamplerStage.Score,
        Does = "drops the last id of each word where the others stand before it",
        Options = [SamplerOption.Many("Constraints.BadWords", options => options.Constraints.BadWords.Count)],
        Check = (options, vocabulary) =>
        {
            foreach (IReadOnlyList<int> word in options.Constraints.BadWords)
                SequenceBiases.Check("Sampling.Constraints.BadWords", word, vocabulary);
        },
        Create = terms =>
        [
            new SequenceBiases(terms.Options.Constraints.BadWords.Select(word => new SequenceBias(word, float.NegativeInfinity))),
        ],
    };
}
