namespace Seriatim.Inspection;

/// <summary>What a position costs in training.</summary>
/// <param name="Position">Position of the row that predicts.</param>
/// <param name="Label">The token it should predict.</param>
/// <param name="Loss">Minus the logarithm of the probability it gives to that.</param>
public sealed record TokenLoss(int Position, TextToken Label, double Loss);
