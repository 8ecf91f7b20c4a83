using Seriatim.Generation;

namespace Seriatim;

/// <summary>How probable a text is to a model.</summary>
/// <param name="TokenIds">Its tokens. The first has no probability: it is what the rest is given.</param>
/// <param name="Logprobs">The log-probability (natural) of each token but the first, given those before it.</param>
public sealed record TextScore(IReadOnlyList<int> TokenIds, IReadOnlyList<TokenLogprobs> Logprobs)
{
    /// <summary>Log-probability of the whole text: the sum, in order.</summary>
    public double Logprob => Logprobs.Sum(token => token.Chosen.Logprob);

    /// <summary><c>exp(-mean log-probability)</c>; null for a text of one token, of which nothing is scored.</summary>
    public double? Perplexity => Logprobs.Count == 0 ? null : Math.Exp(-Logprob / Logprobs.Count);
}
