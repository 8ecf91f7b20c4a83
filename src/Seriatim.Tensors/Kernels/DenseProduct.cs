namespace Seriatim.Tensors;

/// <summary>
/// The three products of a linear layer over weights in panels of 32 outputs, all made of <see cref="OuterProduct{T}"/> tiles:
/// <c>y = x Wᵀ</c> (k in sequence), <c>dx = dy W</c> (outputs in sequence) and <c>dW += dyᵀ x</c> (rows in sequence).
/// </summary>
/// <remarks>
/// Work is cut along outputs only. With many rows, sums go through blocks of <see cref="DepthBlock"/> so that a block
/// of a panel stays in the first cache and a block of rows in the second; the running sums wait in the result as F32,
/// which is what a register holds, so the blocks do not show in the bits. Panels in 16 bits are widened as they are
/// read (one tile of rows) or block by block.
/// </remarks>
internal static unsafe partial class DenseProduct<T>
    where T : struct, ILanes<T>
{
    private const int DepthBlock = 256;
    /// <summary>
    /// Rows from which the packed rows are too large for the caches, so that reading them is what has to be saved.
    /// </summary>
    private const int ManyRows = 1024;

    /// <summary>Rows up to which whole panels stream past each tile of rows, instead of blocks that all rows share.</summary>
    private const int FewRows = 32;

    private const int Panel = Parameter.PanelRows;
    private const int TileFloats = OuterProduct<T>.MaxRows * Panel;

    /// <summary>
    /// Rows that are worked on together, so that a block of them stays in the second cache
    /// with the results of all panels of a piece.
    /// </summary>
    private static int RowBlock(int rows) => rows > ManyRows ? 128 : 512;

    /// <summary>
    /// Panels of a piece, which share a block of packed rows while it is in the second cache: enough work, and with many rows a
    /// group as long as every thread gets several.
    /// </summary>
    private static int PerPiece(int items, long costOfItem, int rows, int threads)
    {
        int group = rows switch
        {
            > ManyRows => Math.Clamp(items / (2 * threads), 1, 16),
            > OuterProduct<T>.MaxRows => Math.Clamp(items / (4 * threads), 1, 4),
            _ => 1,
        };
        return Math.Max(PerPiece(items, costOfItem), group);
    }

    private static int PerPiece(int items, long costOfItem) =>
        (int)Math.Clamp(WorkerTeam.SmallestShare / Math.Max(1, costOfItem), 1, Math.Max(1, items));

    /// <summary>A block of a panel as F32: in place, or widened into <paramref name="scratch"/>.</summary>
    private static float* PanelBlock(DenseWeight weight, int panel, int firstInput, int inputs, float* scratch)
    {
        byte* from = PanelStart(weight, panel, firstInput);
        switch (weight.Matrix.Data.Type)
        {
            case DataType.F16: Widen<PanelElements.Half>(from, inputs * Panel, scratch); return scratch;
            case DataType.BF16: Widen<PanelElements.BFloat16>(from, inputs * Panel, scratch); return scratch;
            default: return (float*)from;
        }
    }

    private static byte* PanelStart(DenseWeight weight, int panel, int firstInput) =>
        (byte*)weight.Matrix.Data.Data + ((long)panel * weight.Inputs + firstInput) * Panel * weight.Matrix.Data.Type.Size();

    private static void Widen<TElement>(byte* from, int count, float* to)
        where TElement : struct, IPanelElement
    {
        if (TElement.IsHalf && T.Vectors == LaneWidth.Bits512 && HalfKernels.TryWiden(from, count, to))
            return;
        for (int i = 0; i < count; i += 16)
            T.Store(TElement.Load<T>(from + (long)i * TElement.Size), to + i);
    }

    /// <summary>
    /// Adds one tile to what it starts from and writes it to a result of which only some rows and columns exist.
    /// </summary>
    private static void AddTile<TElement>(int tileRows, int rows, int columns, nint depth, float* a, byte* b, TileStart start,
        float* c, nint cStride, float* tile)
        where TElement : struct, IPanelElement
    {
        if (rows == tileRows && columns == Panel)
        {
            AddPacked<TElement>(tileRows, depth, a, b, start, c, cStride);
            return;
        }

        for (int r = 0; r < tileRows; r++)
        {
            for (int j = 0; j < Panel; j++)
                tile[r * Panel + j] = r < rows && j < columns ? start.From[r * start.Stride + j] : 0;
        }

        AddPacked<TElement>(tileRows, depth, a, b, new TileStart(tile, Panel), tile, Panel);
        for (int r = 0; r < rows; r++)
            new ReadOnlySpan<float>(tile + r * Panel, columns).CopyTo(new Span<float>(c + r * cStride, columns));
    }

    private static void AddPacked<TElement>(
        int tileRows, nint depth, float* a, byte* b, TileStart start, float* c, nint cStride)
        where TElement : struct, IPanelElement
    {
        if (TElement.IsHalf && T.Vectors == LaneWidth.Bits512 && HalfKernels.TryAdd(tileRows, depth, a, b, start, c, cStride))
            return;
        byte* b1 = b + 16 * TElement.Size;
        switch (tileRows)
        {
            case 8: OuterProduct<T>.Add<TileLayouts.Packed8, TElement>(8, depth, a, b, b1, Panel, start, c, cStride); break;
            case 4: OuterProduct<T>.Add<TileLayouts.Packed4, TElement>(4, depth, a, b, b1, Panel, start, c, cStride); break;
            case 2: OuterProduct<T>.Add<TileLayouts.Packed2, TElement>(2, depth, a, b, b1, Panel, start, c, cStride); break;
            default: OuterProduct<T>.Add<TileLayouts.Packed1, TElement>(1, depth, a, b, b1, Panel, start, c, cStride); break;
        }
    }

    /// <summary>Tiles of some rows against one block of a panel.</summary>
    private static void AddRows(float* packed, int rows, int columnsOfPacked, int firstDepth, int depth, float* b,
        TileStart start, float* c, nint cStride, int columns, float* tile)
    {
        for (int row = 0; row < rows; row += 8)
        {
            int valid = Math.Min(8, rows - row);
            int tileRows = OuterProduct<T>.TileRows(valid);
            float* a = packed + (long)row * columnsOfPacked + (long)firstDepth * tileRows;
            AddTile<PanelElements.Single>(
                tileRows, valid, columns, depth, a, (byte*)b, start.At(row, 0), c + row * cStride, cStride, tile);
        }
    }
}
