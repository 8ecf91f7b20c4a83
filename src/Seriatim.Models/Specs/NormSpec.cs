namespace Seriatim.Models;

/// <summary>A norm over the features of each row.</summary>
/// <param name="Kind">RMS or layer norm.</param>
/// <param name="Epsilon">Added to the mean square or variance.</param>
/// <param name="Bias">Whether a bias is added.</param>
/// <param name="Offset">Added to the learned factor: 1 in the Gemma family.</param>
public sealed record NormSpec(NormKind Kind, float Epsilon, bool Bias, float Offset = 0);
