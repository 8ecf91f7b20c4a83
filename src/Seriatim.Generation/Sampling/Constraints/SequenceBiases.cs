namespace Seriatim.Generation;

public sealed partial record TokenConstraints
{
    /// <summary>
    /// Added to the logit of the last id of a sequence where the others stand before it (<c>sequence_bias</c>).
    /// </summary>
    public IReadOnlyList<SequenceBias> SequenceBiases { get; init; } = [];
}

/// <summary>Adds a bias to the last id of each sequence whose other ids stand at the end of the history.</summary>
internal sealed class SequenceBiases(IEnumerable<SequenceBias> biases) : LogitsProcessor
{
    private readonly (int[] Before, int Id, float Bias)[] _biases =
        [.. biases.Select(b => (b.Ids.Take(b.Ids.Count - 1).ToArray(), b.Ids[^1], b.Bias))];

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "sequence_bias",
        Stage = SamplerStage.Score,
        Does = "`l + bias` for the last id where the others stand at the end",
        Options = [SamplerOption.Many("Constraints.SequenceBiases", options => options.Constraints.SequenceBiases.Count)],
        Check = (options, vocabulary) => Check(options.Constraints.SequenceBiases, vocabulary),
        Create = terms => [new SequenceBiases(terms.Options.Constraints.SequenceBiases)],
    };

    public override void Apply(LogitsRow row)
    {
        foreach ((int[] before, int id, float bias) in _biases)
        {
            // As in transformers: a sequence that is longer than the history is not looked for.
            bool matches = before.Length == 0 || (before.Length < row.History.Length && row.History.EndsWith(before));
            if (matches)
                row.Values[id] += bias;
        }
    }

    /// <summary>Refuses a sequence of no ids, or of ids that there are not.</summary>
    public static void Check(string option, IReadOnlyList<int> ids, int vocabulary)
    {
        if (ids.Count == 0)
            throw new InvalidOptionException(option, "empty", "a sequence needs at least one id");
        OptionCheck.Tokens(option, ids, vocabulary);
    }

    private static void Check(IReadOnlyList<SequenceBias> biases, int vocabulary)
    {
        foreach (SequenceBias bias in biases)
        {
            Check("Sampling.Constraints.SequenceBiases", bias.Ids, vocabulary);
            TokenBiases.Check("Sampling.Constraints.SequenceBiases", bias.Bias);
        }
    }
}
