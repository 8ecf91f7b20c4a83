using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// Where element (row, k) of the left operand of a tile lies: <c>row · RowStride + k · DepthStride</c>, constants of the layout.
/// </summary>
internal interface ITileLayout
{
    static abstract int RowStride { get; }

    static abstract int DepthStride { get; }
}

/// <summary>
/// The one micro-kernel of all matrix products: <c>c[r, j] += Σ_k a(r, k) · b[k, j]</c> for a tile of 1, 2, 4 or 8 rows and 32
/// outputs, the outputs in lanes and k in sequence, fused. Every element takes the same steps in every tile, so the number of
/// rows that come along does not change its bits; a sum cut into pieces of k goes on from what is in c.
/// </summary>
/// <remarks>
/// On 512-bit lanes the 8 x 32 tile keeps 16 accumulators in registers, enough to hide the latency of two fused multiply-adds a
/// cycle. Narrower lanes work through the same tile in parts of 4 rows x 16 outputs. The accumulators are named locals because
/// the JIT keeps those, and not an array, in registers. The tiles read and write exactly the rows and columns they are told.
/// </remarks>
internal static unsafe class OuterProduct<T>
    where T : struct, ILanes<T>
{
    /// <summary>Rows of the largest tile.</summary>
    public const int MaxRows = 8;

    /// <summary>Outputs of a tile: b0 gives the first 16, b1 the others.</summary>
    public const int Columns = 32;

    /// <summary>The rows of the tile that <paramref name="rows"/> rows need: 1, 2, 4 or 8.</summary>
    public static int TileRows(int rows) => rows switch { 1 => 1, 2 => 2, <= 4 => 4, _ => 8 };

    /// <summary>Adds one tile whose right operand is F32. Strides are in elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<TLayout>(int tileRows, nint depth, float* a, float* b0, float* b1, nint bStride, float* c,
        nint cStride)
        where TLayout : struct, ITileLayout =>
        Add<TLayout, PanelElements.Single>(
            tileRows, depth, a, (byte*)b0, (byte*)b1, bStride, new TileStart(c, cStride), c, cStride);

    /// <summary>Adds one tile to what its sums start from, and writes it to c. Strides are in elements.</summary>
    public static void Add<TLayout, TElement>(int tileRows, nint depth, float* a, byte* b0, byte* b1, nint bStride,
        TileStart start, float* c, nint cStride)
        where TLayout : struct, ITileLayout
        where TElement : struct, IPanelElement
    {
        if (T.Vectors != LaneWidth.Bits512)
        {
            AddNarrow<TLayout, TElement>(tileRows, depth, a, b0, b1, bStride, start, c, cStride);
            return;
        }

        switch (tileRows)
        {
            case 8: Tile8x2<TLayout, TElement>(depth, a, b0, b1, bStride, start, c, cStride); break;
            case 4: Tile4x2<TLayout, TElement>(depth, a, b0, b1, bStride, start, c, cStride); break;
            case 2: Tile2x2<TLayout, TElement>(depth, a, b0, b1, bStride, start, c, cStride); break;
            default: Tile1x2<TLayout, TElement>(depth, a, b0, b1, bStride, start, c, cStride); break;
        }
    }

    private static void AddNarrow<TLayout, TElement>(int tileRows, nint depth, float* a, byte* b0, byte* b1, nint bStride,
        TileStart start, float* c, nint cStride)
        where TLayout : struct, ITileLayout
        where TElement : struct, IPanelElement
    {
        int row = 0;
        for (; row + 4 <= tileRows; row += 4)
        {
            TileStart own = start.At(row, 0);
            Tile4x1<TLayout, TElement>(depth, a + row * TLayout.RowStride, b0, bStride, own, c + row * cStride, cStride);
            Tile4x1<TLayout, TElement>(
                depth, a + row * TLayout.RowStride, b1, bStride, own.At(0, 16), c + row * cStride + 16, cStride);
        }

        for (; row < tileRows; row++)
        {
            Tile1x2<TLayout, TElement>(
                depth, a + row * TLayout.RowStride, b0, b1, bStride, start.At(row, 0), c + row * cStride, cStride);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tile4x1<TLayout, TElement>(nint depth, float* a, byte* b, nint bStride, TileStart start, float* c,
        nint cStride)
        where TLayout : struct, ITileLayout
        where TElement : struct, IPanelElement
    {
        float* from = start.From;
        nint stride = start.Stride;
        T c0 = T.Load(from), c1 = T.Load(from + stride), c2 = T.Load(from + 2 * stride), c3 = T.Load(from + 3 * stride);
        nint bStep = bStride * TElement.Size;
        for (nint k = 0; k < depth; k++)
        {
            T x = TElement.Load<T>(b);
            c0 = T.MultiplyAdd(T.Broadcast(a[0]), x, c0);
            c1 = T.MultiplyAdd(T.Broadcast(a[TLayout.RowStride]), x, c1);
            c2 = T.MultiplyAdd(T.Broadcast(a[2 * TLayout.RowStride]), x, c2);
            c3 = T.MultiplyAdd(T.Broadcast(a[3 * TLayout.RowStride]), x, c3);
            a += TLayout.DepthStride;
            b += bStep;
        }

        T.Store(c0, c);
        T.Store(c1, c + cStride);
        T.Store(c2, c + 2 * cStride);
        T.Store(c3, c + 3 * cStride);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tile8x2<TLayout, TElement>(nint depth, float* a, byte* b0, byte* b1, nint bStride,
        TileStart start, float* c, nint cStride)
        where TLayout : struct, ITileLayout
        where TElement : struct, IPanelElement
    {
        float* from = start.From;
        nint stride = start.Stride;
        T c00 = T.Load(from), c01 = T.Load(from + 16);
        T c10 = T.Load(from + stride), c11 = T.Load(from + stride + 16);
        T c20 = T.Load(from + 2 * stride), c21 = T.Load(from + 2 * stride + 16);
        T c30 = T.Load(from + 3 * stride), c31 = T.Load(from + 3 * stride + 16);
        T c40 = T.Load(from + 4 * stride), c41 = T.Load(from + 4 * stride + 16);
        T c50 = T.Load(from + 5 * stride), c51 = T.Load(from + 5 * stride + 16);
        T c60 = T.Load(from + 6 * stride), c61 = T.Load(from + 6 * stride + 16);
        T c70 = T.Load(from + 7 * stride), c71 = T.Load(from + 7 * stride + 16);
        nint bStep = bStride * TElement.Size;
        for (nint k = 0; k < depth; k++)
        {
            T x0 = TElement.Load<T>(b0);
            T x1 = TElement.Load<T>(b1);
            T value = T.Broadcast(a[0]);
            c00 = T.MultiplyAdd(value, x0, c00);
            c01 = T.MultiplyAdd(value, x1, c01);
            value = T.Broadcast(a[TLayout.RowStride]);
            c10 = T.MultiplyAdd(value, x0, c10);
            c11 = T.MultiplyAdd(value, x1, c11);
            value = T.Broadcast(a[2 * TLayout.RowStride]);
            c20 = T.MultiplyAdd(value, x0, c20);
            c21 = T.MultiplyAdd(value, x1, c21);
            value = T.Broadcast(a[3 * TLayout.RowStride]);
            c30 = T.MultiplyAdd(value, x0, c30);
            c31 = T.MultiplyAdd(value, x1, c31);
            value = T.Broadcast(a[4 * TLayout.RowStride]);
            c40 = T.MultiplyAdd(value, x0, c40);
            c41 = T.MultiplyAdd(value, x1, c41);
            value = T.Broadcast(a[5 * TLayout.RowStride]);
            c50 = T.MultiplyAdd(value, x0, c50);
            c51 = T.MultiplyAdd(value, x1, c51);
            value = T.Broadcast(a[6 * TLayout.RowStride]);
            c60 = T.MultiplyAdd(value, x0, c60);
            c61 = T.MultiplyAdd(value, x1, c61);
            value = T.Broadcast(a[7 * TLayout.RowStride]);
            c70 = T.MultiplyAdd(value, x0, c70);
            c71 = T.MultiplyAdd(value, x1, c71);
            a += TLayout.DepthStride;
            b0 += bStep;
            b1 += bStep;
        }

        T.Store(c00, c);
        T.Store(c01, c + 16);
        T.Store(c10, c + cStride);
        T.Store(c11, c + cStride + 16);
        T.Store(c20, c + 2 * cStride);
        T.Store(c21, c + 2 * cStride + 16);
        T.Store(c30, c + 3 * cStride);
        T.Store(c31, c + 3 * cStride + 16);
        T.Store(c40, c + 4 * cStride);
        T.Store(c41, c + 4 * cStride + 16);
        T.Store(c50, c + 5 * cStride);
        T.Store(c51, c + 5 * cStride + 16);
        T.Store(c60, c + 6 * cStride);
        T.Store(c61, c + 6 * cStride + 16);
        T.Store(c70, c + 7 * cStride);
        T.Store(c71, c + 7 * cStride + 16);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tile4x2<TLayout, TElement>(nint depth, float* a, byte* b0, byte* b1, nint bStride,
        TileStart start, float* c, nint cStride)
        where TLayout : struct, ITileLayout
        where TElement : struct, IPanelElement
    {
        float* from = start.From;
        nint stride = start.Stride;
        T c00 = T.Load(from), c01 = T.Load(from + 16);
        T c10 = T.Load(from + stride), c11 = T.Load(from + stride + 16);
        T c20 = T.Load(from + 2 * stride), c21 = T.Load(from + 2 * stride + 16);
        T c30 = T.Load(from + 3 * stride), c31 = T.Load(from + 3 * stride + 16);
        nint bStep = bStride * TElement.Size;
        for (nint k = 0; k < depth; k++)
        {
            T x0 = TElement.Load<T>(b0);
            T x1 = TElement.Load<T>(b1);
            T value = T.Broadcast(a[0]);
            c00 = T.MultiplyAdd(value, x0, c00);
            c01 = T.MultiplyAdd(value, x1, c01);
            value = T.Broadcast(a[TLayout.RowStride]);
            c10 = T.MultiplyAdd(value, x0, c10);
            c11 = T.MultiplyAdd(value, x1, c11);
            value = T.Broadcast(a[2 * TLayout.RowStride]);
            c20 = T.MultiplyAdd(value, x0, c20);
            c21 = T.MultiplyAdd(value, x1, c21);
            value = T.Broadcast(a[3 * TLayout.RowStride]);
            c30 = T.MultiplyAdd(value, x0, c30);
            c31 = T.MultiplyAdd(value, x1, c31);
            a += TLayout.DepthStride;
            b0 += bStep;
            b1 += bStep;
        }

        T.Store(c00, c);
        T.Store(c01, c + 16);
        T.Store(c10, c + cStride);
        T.Store(c11, c + cStride + 16);
        T.Store(c20, c + 2 * cStride);
        T.Store(c21, c + 2 * cStride + 16);
        T.Store(c30, c + 3 * cStride);
        T.Store(c31, c + 3 * cStride + 16);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tile2x2<TLayout, TElement>(nint depth, float* a, byte* b0, byte* b1, nint bStride,
        TileStart start, float* c, nint cStride)
        where TLayout : struct, ITileLayout
        where TElement : struct, IPanelElement
    {
        float* from = start.From;
        nint stride = start.Stride;
        T c00 = T.Load(from), c01 = T.Load(from + 16);
        T c10 = T.Load(from + stride), c11 = T.Load(from + stride + 16);
        nint bStep = bStride * TElement.Size;
        for (nint k = 0; k < depth; k++)
        {
            T x0 = TElement.Load<T>(b0);
            T x1 = TElement.Load<T>(b1);
            T value = T.Broadcast(a[0]);
            c00 = T.MultiplyAdd(value, x0, c00);
            c01 = T.MultiplyAdd(value, x1, c01);
            value = T.Broadcast(a[TLayout.RowStride]);
            c10 = T.MultiplyAdd(value, x0, c10);
            c11 = T.MultiplyAdd(value, x1, c11);
            a += TLayout.DepthStride;
            b0 += bStep;
            b1 += bStep;
        }

        T.Store(c00, c);
        T.Store(c01, c + 16);
        T.Store(c10, c + cStride);
        T.Store(c11, c + cStride + 16);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tile1x2<TLayout, TElement>(nint depth, float* a, byte* b0, byte* b1, nint bStride,
        TileStart start, float* c, nint cStride)
        where TLayout : struct, ITileLayout
        where TElement : struct, IPanelElement
    {
        float* from = start.From;
        nint stride = start.Stride;
        T c00 = T.Load(from), c01 = T.Load(from + 16);
        nint bStep = bStride * TElement.Size;
        for (nint k = 0; k < depth; k++)
        {
            T x0 = TElement.Load<T>(b0);
            T x1 = TElement.Load<T>(b1);
            T value = T.Broadcast(a[0]);
            c00 = T.MultiplyAdd(value, x0, c00);
            c01 = T.MultiplyAdd(value, x1, c01);
            a += TLayout.DepthStride;
            b0 += bStep;
            b1 += bStep;
        }

        T.Store(c00, c);
        T.Store(c01, c + 16);
    }
}
