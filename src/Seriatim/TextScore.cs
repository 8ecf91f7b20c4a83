using Seriatim.Generation;

namespace Seriatim;

/// <summary>How probable a text is to a model.</summary>
public sealed record TextScore
{
    /// <summary>Its tokens. The first has no probability: it is what the rest is given.</summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>The log-probability (natural) of each token but the first, given those before it.</summary>
    public required IReadOnlyList<TokenLogprobs> Logprobs { get; init; }

    /// <summary>Log-probability of the whole text: the sum, in order.</summary>
    public double Logprob => Logprobs.Sum(token => token.Chosen.Logprob);

    /// <summary>
    /// <c>exp(-mean log-probability)</c>; null for a text of one token, of which nothing is scored. The number of
    /// <c>seriatim eval</c> for the same text, as far as that is within the context, if the tokenizer puts a beginning of
    /// sequence before it; without one, eval counts the first token too, as any of the vocabulary.
    /// </summary>
    public double? Perplexity => Logprobs.Count == 0 ? null : Math.Exp(-Logprob / Logprobs.Count);
}
