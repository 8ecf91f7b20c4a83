namespace Seriatim.Tensors;

/// <summary>Which of the kernels of <see cref="TileCode"/>.</summary>
/// <param name="Rows">Rows of a tile: 1, 2, 4 or 6.</param>
/// <param name="Panels">Panels of 16 outputs that meet them: 1 or 2.</param>
/// <param name="Halves">Whether groups have 16 inputs, else 32.</param>
/// <param name="Minimums">Whether groups have minimums.</param>
internal readonly record struct TileShape(int Rows, int Panels, bool Halves, bool Minimums)
{
    /// <summary>How many there are.</summary>
    public const int Count = 4 * 2 * 2 * 2;

    /// <summary>The one with a number.</summary>
    public static TileShape At(int index) =>
        new((index >> 3) switch { 0 => 1, 1 => 2, 2 => 4, _ => 6 }, (index >> 2 & 1) + 1, (index & 2) != 0, (index & 1) != 0);

    /// <summary>The number of this one.</summary>
    public int Index => (Rows / 2 << 3) | (Panels - 1) << 2 | (Halves ? 2 : 0) | (Minimums ? 1 : 0);
}
