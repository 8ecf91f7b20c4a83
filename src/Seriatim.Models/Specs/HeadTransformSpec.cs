namespace Seriatim.Models;

/// <summary>The dense layer in a head: <c>norm(f(x Wᵀ + b))</c>, E to E.</summary>
/// <param name="Activation">f.</param>
/// <param name="Norm">The norm; null for none.</param>
public sealed record HeadTransformSpec(Activation Activation, NormSpec? Norm);
