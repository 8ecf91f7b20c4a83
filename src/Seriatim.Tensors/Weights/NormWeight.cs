namespace Seriatim.Tensors;

/// <summary>Which mean a norm takes away and divides by.</summary>
public enum NormKind
{
    /// <summary>Root mean square (Zhang and Sennrich, 2019): <c>x / sqrt(mean(x²) + ε)</c>.</summary>
    Rms,

    /// <summary>Layer norm (Ba et al., 2016): <c>(x - mean(x)) / sqrt(var(x) + ε)</c>.</summary>
    Layer,

    /// <summary>
    /// Batch norm (Ioffe and Szegedy, 2015): mean and variance of each feature over the rows of a batch. An op of its own
    /// (<see cref="BatchNormWeight"/>), since its rows know each other.
    /// </summary>
    Batch,
}

/// <summary>The operand of a norm over the features of each row: <c>norm(x) * (Offset + weight) + bias</c>.</summary>
/// <param name="Kind">RMS or layer norm.</param>
/// <param name="Scale">The factor of each feature, <c>[1, E]</c>; null for none.</param>
/// <param name="Bias">Added to each feature, <c>[1, E]</c>; null for none.</param>
/// <param name="Epsilon">Added to the mean square or variance.</param>
/// <param name="Offset">Added to the factor: 1 in the Gemma family, 0 elsewhere.</param>
public sealed record NormWeight(NormKind Kind, Parameter? Scale, Parameter? Bias, float Epsilon, float Offset = 0)
{
    /// <summary>
    /// Features that are normed together if there is neither a factor nor a bias to say so (norms of heads); 0: a whole row.
    /// </summary>
    public int Width { get; init; }
}
