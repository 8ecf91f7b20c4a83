namespace Seriatim.Tensors;

/// <summary>Some inputs of a tile of quantised rows, as <see cref="DotTile{T}"/> reads them.</summary>
internal unsafe struct TileRows
{
    /// <summary><c>[inputs / 4][rows][4]</c>.</summary>
    public sbyte* Codes;

    /// <summary>d of each 32 inputs: <c>[inputs / 32][rows]</c>.</summary>
    public float* Scales;

    /// <summary>Where the integer sums of a group begin: <c>[groups][rows]</c>.</summary>
    public int* Starts;

    /// <summary><c>d · Σ codes</c> of a group: <c>[groups][rows]</c>.</summary>
    public float* Sums;
}
