namespace Seriatim.Generation;

/// <summary>The probability of a token, and of the most probable ones at its place.</summary>
/// <param name="Chosen">The token that is there.</param>
/// <param name="Top">The most probable tokens, best first (ties: smaller id), as many as were asked for.</param>
/// <param name="Rank">How many tokens are more probable than the chosen one (or as probable, with a smaller id).</param>
public sealed record TokenLogprobs(TokenLogprob Chosen, IReadOnlyList<TokenLogprob> Top, int Rank);
