using Seriatim.Models;

namespace Seriatim.Inspection;

/// <summary>A stack.</summary>
public sealed record StackMap
{
    internal StackMap(StackSide side, int width, bool seesAll, IReadOnlyList<LayerMap> layers) =>
        (Side, Width, SeesAll, Layers) = (side, width, seesAll, layers);

    /// <summary>Which one.</summary>
    public StackSide Side { get; }

    /// <summary>Features of a row of the stream.</summary>
    public int Width { get; }

    /// <summary>Whether rows see those after them.</summary>
    public bool SeesAll { get; }

    /// <summary>Its layers.</summary>
    public IReadOnlyList<LayerMap> Layers { get; }

    internal static StackMap Of(StackSide side, StackSpec spec) => new(side, spec.HasHalves ? 2 * spec.Width : spec.Width,
        spec.Visibility == Tensors.Visibility.Full, [.. spec.Layers.Select((layer, i) => LayerMap.Of(i, layer))]);
}
