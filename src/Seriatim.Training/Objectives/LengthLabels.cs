namespace Seriatim.Training;

/// <summary>The lengths that a model shall predict, one for each source of a batch.</summary>
/// <param name="Classes">Their classes (<see cref="LengthSpec.ClassOf"/>).</param>
/// <param name="Weight">Factor of their summed loss beside the summed loss of the labels.</param>
public sealed record LengthLabels(int[] Classes, float Weight);
