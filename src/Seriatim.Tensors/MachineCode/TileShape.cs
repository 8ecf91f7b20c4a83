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

    /// <summary>All of them, in the order of their numbers.</summary>
    public static IEnumerable<TileShape> All =>
        from rows in (int[])[1, 2, 4, 6]
        from panels in (int[])[1, 2]
        from halves in (bool[])[false, true]
        from minimums in (bool[])[false, true]
        select new TileShape(rows, panels, halves, minimums);

    /// <summary>The number of this one.</summary>
    public int Index => (Rows / 2 << 3) | (Panels - 1) << 2 | (Halves ? 2 : 0) | (Minimums ? 1 : 0);
}
