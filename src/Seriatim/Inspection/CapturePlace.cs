namespace Seriatim.Inspection;

/// <summary>Where in a model something was seen.</summary>
public readonly record struct CapturePlace
{
    internal CapturePlace(StackSide stack, int layer, string part) =>
        (Stack, Layer, Part) = (stack, layer, part);

    /// <summary>The stack.</summary>
    public StackSide Stack { get; }

    /// <summary>The layer, from 0; -1: before the first; the number of layers: after the last.</summary>
    public int Layer { get; }

    /// <summary>
    /// The part of the layer, as its weights are called: <c>attention</c>, <c>cross</c>, <c>mlp</c>, <c>norm1</c>; for the
    /// stream <c>before</c> and <c>after</c> too.
    /// </summary>
    public string Part { get; }
}
