namespace Seriatim.Generation;

/// <summary>A bias for the last id of a sequence, where the others stand before it.</summary>
/// <param name="Ids">At least one id.</param>
/// <param name="Bias">What is added to the logit; negative infinity forbids it.</param>
public sealed record SequenceBias(IReadOnlyList<int> Ids, float Bias);
