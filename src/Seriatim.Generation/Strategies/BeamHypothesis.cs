namespace Seriatim.Generation;

/// <summary>A finished beam.</summary>
/// <param name="Tokens">New tokens, with the one that ended it if there was one.</param>
/// <param name="Score">Sum of scores / length^length_penalty.</param>
/// <param name="Reason">Why it ended; null: because the search did.</param>
/// <param name="Logprobs">Log-probabilities of the tokens, if they are wanted.</param>
internal sealed record BeamHypothesis(int[] Tokens, double Score, FinishReason? Reason, TokenLogprobs[]? Logprobs);
