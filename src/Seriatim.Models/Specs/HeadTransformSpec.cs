namespace Seriatim.Models;

/// <summary>The dense layer in a head: <c>norm(f(x Wᵀ + b))</c>.</summary>
/// <param name="Activation">f.</param>
/// <param name="Norm">The norm; null for none.</param>
public sealed record HeadTransformSpec(Activation Activation, NormSpec? Norm)
{
    /// <summary>Whether the dense layer has a bias.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Features it makes, if not as many as it takes: those of an embedding of another width that is tied.</summary>
    public int? Width { get; init; }
}
