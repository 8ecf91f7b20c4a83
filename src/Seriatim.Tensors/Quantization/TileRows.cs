namespace Seriatim.Tensors;

/// <summary>A chunk of a tile of quantised rows, as <see cref="DotTile{T}"/> reads it.</summary>
internal unsafe struct TileRows
{
    /// <summary><c>[inputs / 4][rows][4]</c>.</summary>
    public sbyte* Codes;

    /// <summary>d of each 32 inputs: <c>[inputs / 32][rows]</c>.</summary>
    public float* Scales;

    /// <summary>Where the integer sums of a group begin: <c>[groups][rows]</c>.</summary>
    public int* Starts;

    /// <summary><c>d · Σ codes</c> of a group: <c>[groups][rows]</c>; null for formats without minimums.</summary>
    public float* Sums;
}

/// <summary>
/// Memory that is needed soon: <see cref="DotTile{T}"/> asks for it while it multiplies, a little with every 4 inputs.
/// </summary>
/// <param name="From">First byte.</param>
/// <param name="Stride">Bytes for every 4 inputs, at most a cache line.</param>
internal readonly unsafe record struct Ahead(nint From, nint Stride)
{
    /// <summary>How far ahead, in bytes, streamed weights are asked for: what arrives while memory takes to answer.</summary>
    public const int Distance = 8 << 10;
}
