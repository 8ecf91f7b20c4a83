namespace Seriatim.Inspection;

/// <summary>Where in a model something was seen.</summary>
/// <param name="Stack">The stack.</param>
/// <param name="Layer">The layer, from 0; -1: before the first; the number of layers: after the last.</param>
/// <param name="Part">
/// The part of the layer, as its weights are called: <c>attention</c>, <c>cross</c>, <c>mlp</c>, <c>norm1</c>; for the stream
/// <c>before</c> and <c>after</c> too.
/// </param>
public readonly record struct CapturePlace(StackSide Stack, int Layer, string Part);
