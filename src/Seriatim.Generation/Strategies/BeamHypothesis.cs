namespace Seriatim.Generation;

/// <summary>A finished beam.</summary>
/// <param name="Tokens">New tokens, with the end id if there was one.</param>
/// <param name="Score">Sum of scores / length^length_penalty.</param>
internal sealed record BeamHypothesis(int[] Tokens, double Score);
