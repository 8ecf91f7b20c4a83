namespace Seriatim.Tokenizers;

/// <summary>How far a training is.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Done">How much of it is done.</param>
/// <param name="Total">How much there is in all; 0 if unknown.</param>
public readonly record struct TrainingProgress(string Stage, long Done, long Total);
