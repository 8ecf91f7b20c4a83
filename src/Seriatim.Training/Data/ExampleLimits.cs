namespace Seriatim.Training;

/// <summary>How long examples may be.</summary>
/// <param name="Source">Most rows of a source.</param>
/// <param name="Target">Most ids of a target.</param>
/// <param name="Long">What happens to longer ones.</param>
/// <param name="Overlap">Ids that neighbouring pieces of a split text share: 1 if each id predicts the next, else 0.</param>
public readonly record struct ExampleLimits(int Source, int Target, LongSequences Long, int Overlap);
