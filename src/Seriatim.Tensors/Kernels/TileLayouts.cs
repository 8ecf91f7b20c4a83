namespace Seriatim.Tensors;

/// <summary>The layouts that left operands of <see cref="OuterProduct{T}"/> come in.</summary>
internal static class TileLayouts
{
    /// <summary>One row as it lies.</summary>
    public readonly struct Packed1 : ITileLayout
    {
        public static int RowStride => 0;

        public static int DepthStride => 1;
    }

    /// <summary>2 rows side by side: <c>[K][2]</c>.</summary>
    public readonly struct Packed2 : ITileLayout
    {
        public static int RowStride => 1;

        public static int DepthStride => 2;
    }

    /// <summary>4 rows side by side: <c>[K][4]</c>.</summary>
    public readonly struct Packed4 : ITileLayout
    {
        public static int RowStride => 1;

        public static int DepthStride => 4;
    }

    /// <summary>8 rows side by side: <c>[K][8]</c>.</summary>
    public readonly struct Packed8 : ITileLayout
    {
        public static int RowStride => 1;

        public static int DepthStride => 8;
    }

    /// <summary>Rows of 64 as they lie: a block of attention weights, query by query.</summary>
    public readonly struct Rows64 : ITileLayout
    {
        public static int RowStride => 64;

        public static int DepthStride => 1;
    }

    /// <summary>The same block read key by key: its transpose, without moving it.</summary>
    public readonly struct Columns64 : ITileLayout
    {
        public static int RowStride => 1;

        public static int DepthStride => 64;
    }
}
