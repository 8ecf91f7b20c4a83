namespace Seriatim.Tensors;

/// <summary>The kernels of <see cref="TileCode"/>, called as the managed micro-kernels are.</summary>
internal static unsafe class TileKernels
{
    /// <summary>
    /// Tiles of one call: the collector waits while one runs. Six rows, two panels and 256 inputs take a quarter of a
    /// microsecond.
    /// </summary>
    private const int MostTiles = 16;

    private static readonly KernelTable Table = new(
        nameof(TileCode), TileShape.Count, (index, windows) => TileCode.Write(TileShape.At(index), windows),
        (index, kernel) => TileCheck.IsRight(TileShape.At(index), kernel));

    /// <summary>Whether this machine has them.</summary>
    public static bool IsSupported => MachineCode.HasByteProducts && Table.Find(0) != 0;

    /// <summary>Adds a chunk of one panel to tiles that lie one after another.</summary>
    /// <param name="shape">Rows of each tile, and the groups.</param>
    /// <param name="tiles">How many.</param>
    /// <param name="groups32">Number of 32 inputs in the chunk.</param>
    /// <param name="w">The panel.</param>
    /// <param name="x">The rows of the first tile.</param>
    /// <param name="ahead">What is needed next.</param>
    /// <param name="y">Running results <c>[tiles][rows][16]</c>.</param>
    /// <returns>False if there is no such kernel: nothing happened.</returns>
    public static bool TryAdd(
        TileShape shape, int tiles, int groups32, in PanelChunk w, in TileRows x, Ahead ahead, float* y) =>
        TryAdd(shape, tiles, groups32, w, w, x, ahead, y, null);

    /// <summary>Adds a chunk of two panels; if what is needed next is that of the first, it is that of the second too.</summary>
    public static bool TryAdd(
        TileShape shape, int tiles, int groups32, in PanelChunk a, in PanelChunk b, in TileRows x, Ahead ahead,
        float* y, float* z)
    {
        var kernel = (delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)Table.Find(shape.Index);
        if (kernel == null)
            return false;
        var call = new TileCall
        {
            Codes = a.Codes,
            Scales = a.Scales,
            Minimums = a.Minimums,
            SecondCodes = b.Codes,
            SecondScales = b.Scales,
            SecondMinimums = b.Minimums,
            X = x.Codes,
            Factors = x.Scales,
            Starts = x.Starts,
            Sums = x.Sums,
            Y = y,
            Z = z,
            Groups32 = groups32,
            Soon = (byte*)ahead.From,
            Stride = ahead.Stride,
            Later = ahead == a.Ahead ? b.Ahead.From - a.Ahead.From : 0,
        };
        for (int left = tiles; left > 0; left -= MostTiles)
        {
            call.Tiles = Math.Min(left, MostTiles);
            kernel(&call);
            call.Soon = (byte*)call.X;
            (call.Stride, call.Later) = (0, 0);
        }

        return true;
    }
}
