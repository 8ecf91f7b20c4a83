using Seriatim.Models;

namespace Seriatim.Inspection;

/// <summary>A stack.</summary>
/// <param name="Side">Which one.</param>
/// <param name="Width">Features of a row of the stream.</param>
/// <param name="SeesAll">Whether rows see those after them.</param>
/// <param name="Layers">Its layers.</param>
public sealed record StackMap(StackSide Side, int Width, bool SeesAll, IReadOnlyList<LayerMap> Layers)
{
    internal static StackMap Of(StackSide side, StackSpec spec) => new(side, spec.HasHalves ? 2 * spec.Width : spec.Width,
        spec.Visibility == Tensors.Visibility.Full, [.. spec.Layers.Select((layer, i) => LayerMap.Of(i, layer))]);
}
