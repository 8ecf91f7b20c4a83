namespace Seriatim.Models;

/// <summary>A norm: over the features of each row, or of each feature over the rows of a batch.</summary>
/// <param name="Kind">RMS, layer or batch norm.</param>
/// <param name="Epsilon">Added to the mean square or variance.</param>
/// <param name="Bias">Whether a bias is added.</param>
/// <param name="Offset">Added to the learned factor: 1 in the Gemma family. Without meaning for batch norms.</param>
public sealed record NormSpec(NormKind Kind, float Epsilon, bool Bias, float Offset = 0)
{
    /// <summary>Whether there are learned factors; false in OLMo, whose norms have nothing to learn.</summary>
    public bool HasFactors { get; init; } = true;

    /// <summary>Batch norm: the weight of a new batch in the running statistics.</summary>
    public float Momentum { get; init; } = 0.1f;
}
