namespace Seriatim.Inspection;

/// <summary>Where a row of a mixture of experts went.</summary>
/// <param name="Place">Where.</param>
/// <param name="Position">Position of the row.</param>
/// <param name="Experts">The experts, by number.</param>
/// <param name="Weights">The weight of each.</param>
/// <param name="Scores">The router's logits of all experts.</param>
public sealed record CapturedExperts(
    CapturePlace Place, int Position, IReadOnlyList<int> Experts, IReadOnlyList<float> Weights, IReadOnlyList<float> Scores);
