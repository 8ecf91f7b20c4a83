namespace Seriatim.Generation;

public sealed partial record TokenConstraints
{
    /// <summary>Added to the logits of ids; negative infinity forbids one.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();
}

/// <summary>Adds a bias to ids.</summary>
internal sealed class TokenBiases(IEnumerable<KeyValuePair<int, float>> biases) : LogitsProcessor
{
    private readonly KeyValuePair<int, float>[] _biases = [.. biases];

    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "logit_bias",
        Stage = SamplerStage.Score,
        Does = "`l + bias`",
        Options = [SamplerOption.Many("Constraints.LogitBias", options => options.Constraints.LogitBias.Count)],
        Check = (options, vocabulary) => Check(options.Constraints.LogitBias, vocabulary),
        Create = terms => [new TokenBiases(terms.Options.Constraints.LogitBias)],
    };

    public override void Apply(LogitsRow row)
    {
        foreach ((int id, float bias) in _biases)
            row.Values[id] += bias;
    }

    /// <summary>Refuses a bias that is no number, or prescribes a token.</summary>
    public static void Check(string option, float bias)
    {
        if (float.IsNaN(bias) || float.IsPositiveInfinity(bias))
            throw new InvalidOptionException(option, bias, "a finite number or negative infinity is allowed");
    }

    private static void Check(IReadOnlyDictionary<int, float> biases, int vocabulary)
    {
        OptionCheck.Tokens("Sampling.Constraints.LogitBias", biases.Keys, vocabulary);
        foreach (float bias in biases.Values)
            Check("Sampling.Constraints.LogitBias", bias);
    }
}
