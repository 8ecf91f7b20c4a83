namespace Seriatim.Tensors;

/// <summary>
/// The operand of a norm over the rows of a batch (Ioffe and Szegedy, 2015):
/// <c>(x - mean) / sqrt(variance + ε) * Scale + Bias</c>
/// with a mean and a variance of each feature.
/// </summary>
/// <param name="Scale">The factor of each feature, <c>[1, E]</c>.</param>
/// <param name="Bias">Added to each feature, <c>[1, E]</c>; null for none.</param>
/// <param name="Mean">The running means, <c>[1, E]</c>: what is taken away outside training. No optimizer moves them.</param>
/// <param name="Variance">The running variances, <c>[1, E]</c>, likewise.</param>
/// <param name="Epsilon">Added to the variance.</param>
public sealed record BatchNormWeight(
    Parameter Scale, Parameter? Bias, Parameter Mean, Parameter Variance, float Epsilon);
