namespace Seriatim.Inspection;

/// <summary>
/// A candidate in the race that chooses the token: the highest <c>logit - log(-log u)</c> wins, which draws from the softmax. Each
/// candidate has a number u of its own, a function of seed, sequence, step and id alone.
/// </summary>
/// <param name="Token">The candidate, with its probability after all samplers.</param>
/// <param name="Uniform">Its random number u, between 0 and 1.</param>
/// <param name="Score">Its score.</param>
public readonly record struct DieRoll(ScoredToken Token, double Uniform, double Score);
