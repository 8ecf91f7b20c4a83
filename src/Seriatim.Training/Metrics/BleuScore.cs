namespace Seriatim.Training;

/// <summary>A BLEU score and what it is made of.</summary>
/// <param name="Score">0 to 100.</param>
/// <param name="Precisions">Precision of n-grams of 1 to 4 tokens, smoothed, 0 to 100.</param>
/// <param name="BrevityPenalty">1, or below for output that is too short.</param>
/// <param name="HypothesisLength">Tokens of the output.</param>
/// <param name="ReferenceLength">Tokens of the closest references.</param>
public sealed record BleuScore(
    double Score, IReadOnlyList<double> Precisions, double BrevityPenalty, long HypothesisLength, long ReferenceLength);
