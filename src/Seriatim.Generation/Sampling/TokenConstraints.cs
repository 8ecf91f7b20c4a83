namespace Seriatim.Generation;

/// <summary>Tokens that are favoured, forbidden or prescribed. The defaults change nothing.</summary>
public sealed record TokenConstraints
{
    /// <summary>Added to the logits of ids; negative infinity forbids one.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>
    /// Added to the logit of the last id of a sequence where the others stand before it (<c>sequence_bias</c>).
    /// </summary>
    public IReadOnlyList<SequenceBias> SequenceBiases { get; init; } = [];

    /// <summary>Sequences of ids that cannot be completed (<c>bad_words_ids</c>).</summary>
    public IReadOnlyList<IReadOnlyList<int>> BadWords { get; init; } = [];

    /// <summary>Ids that cannot be chosen (<c>suppress_tokens</c>).</summary>
    public IReadOnlyList<int> Suppressed { get; init; } = [];

    /// <summary>The only ids that can be chosen; null: all.</summary>
    public IReadOnlyList<int>? Allowed { get; init; }
}
