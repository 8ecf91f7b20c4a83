using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>Moves blocks of 8 x 8 patterns of 16 bits across their diagonal, as <see cref="Transpose"/> does floats.</summary>
internal static unsafe class TransposePatterns
{
    /// <summary>
    /// Columns of 8 rows that are moved before the next 8 rows: one line of the cache of each row. More rows at once would push
    /// each other out where their distance is a power of two.
    /// </summary>
    private const int Line = 32;

    /// <summary><c>to[c · toStride + r] = from[r · fromStride + c]</c> for any number of rows and columns.</summary>
    public static void Block(ushort* from, nint fromStride, int rows, int columns, ushort* to, nint toStride)
    {
        for (int first = 0; first < columns; first += Line)
        {
            int end = Math.Min(columns, first + Line), row = 0;
            for (; row + 8 <= rows; row += 8)
            {
                int column = first;
                for (; column + 8 <= end; column += 8)
                    Square8(from + row * fromStride + column, fromStride, to + column * toStride + row, toStride);
                Rest(from, fromStride, row, row + 8, column, end, to, toStride);
            }

            Rest(from, fromStride, row, rows, first, end, to, toStride);
        }
    }

    private static void Rest(ushort* from, nint fromStride, int row, int endRow, int column, int end, ushort* to, nint toStride)
    {
        for (; row < endRow; row++)
        {
            for (int c = column; c < end; c++)
                to[c * toStride + row] = from[row * fromStride + c];
        }
    }

    /// <summary>Pairs of rows are woven together, then fours, then all eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square8(ushort* from, nint fromStride, ushort* to, nint toStride)
    {
        if (!Sse2.IsSupported && !AdvSimd.Arm64.IsSupported)
        {
            Rest(from, fromStride, 0, 8, 0, 8, to, toStride);
            return;
        }

        Vector128<ushort> a0 = Vector128.Load(from), a1 = Vector128.Load(from + fromStride);
        Vector128<ushort> a2 = Vector128.Load(from + 2 * fromStride), a3 = Vector128.Load(from + 3 * fromStride);
        Vector128<ushort> a4 = Vector128.Load(from + 4 * fromStride), a5 = Vector128.Load(from + 5 * fromStride);
        Vector128<ushort> a6 = Vector128.Load(from + 6 * fromStride), a7 = Vector128.Load(from + 7 * fromStride);
        Vector128<uint> b0 = Low(a0, a1).AsUInt32(), b1 = High(a0, a1).AsUInt32();
        Vector128<uint> b2 = Low(a2, a3).AsUInt32(), b3 = High(a2, a3).AsUInt32();
        Vector128<uint> b4 = Low(a4, a5).AsUInt32(), b5 = High(a4, a5).AsUInt32();
        Vector128<uint> b6 = Low(a6, a7).AsUInt32(), b7 = High(a6, a7).AsUInt32();
        Vector128<ulong> c0 = Low(b0, b2).AsUInt64(), c1 = High(b0, b2).AsUInt64();
        Vector128<ulong> c2 = Low(b1, b3).AsUInt64(), c3 = High(b1, b3).AsUInt64();
        Vector128<ulong> c4 = Low(b4, b6).AsUInt64(), c5 = High(b4, b6).AsUInt64();
        Vector128<ulong> c6 = Low(b5, b7).AsUInt64(), c7 = High(b5, b7).AsUInt64();
        Low(c0, c4).AsUInt16().Store(to);
        High(c0, c4).AsUInt16().Store(to + toStride);
        Low(c1, c5).AsUInt16().Store(to + 2 * toStride);
        High(c1, c5).AsUInt16().Store(to + 3 * toStride);
        Low(c2, c6).AsUInt16().Store(to + 4 * toStride);
        High(c2, c6).AsUInt16().Store(to + 5 * toStride);
        Low(c3, c7).AsUInt16().Store(to + 6 * toStride);
        High(c3, c7).AsUInt16().Store(to + 7 * toStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Low(Vector128<ushort> a, Vector128<ushort> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> High(Vector128<ushort> a, Vector128<ushort> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Low(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> High(Vector128<uint> a, Vector128<uint> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Low(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> High(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
