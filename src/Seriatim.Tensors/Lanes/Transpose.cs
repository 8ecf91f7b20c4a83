using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>Moves blocks of 8 x 8 floats across their diagonal. Only copies, so there is nothing to round.</summary>
internal static unsafe class Transpose
{
    /// <summary><c>to[c · toStride + r] = from[r · fromStride + c]</c> for any number of rows and columns.</summary>
    public static void Block(float* from, nint fromStride, int rows, int columns, float* to, nint toStride)
    {
        int r = 0;
        for (; r + 8 <= rows; r += 8)
        {
            int c = 0;
            for (; c + 8 <= columns; c += 8)
                Square8(from + r * fromStride + c, fromStride, to + c * toStride + r, toStride);
            for (; c < columns; c++)
            {
                for (int i = 0; i < 8; i++)
                    to[c * toStride + r + i] = from[(r + i) * fromStride + c];
            }
        }

        for (; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
                to[c * toStride + r] = from[r * fromStride + c];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square8(float* from, nint fromStride, float* to, nint toStride)
    {
        if (!Avx.IsSupported)
        {
            for (int r = 0; r < 8; r++)
            {
                for (int c = 0; c < 8; c++)
                    to[c * toStride + r] = from[r * fromStride + c];
            }

            return;
        }

        Vector256<float> a0 = Vector256.Load(from), a1 = Vector256.Load(from + fromStride);
        Vector256<float> a2 = Vector256.Load(from + 2 * fromStride), a3 = Vector256.Load(from + 3 * fromStride);
        Vector256<float> a4 = Vector256.Load(from + 4 * fromStride), a5 = Vector256.Load(from + 5 * fromStride);
        Vector256<float> a6 = Vector256.Load(from + 6 * fromStride), a7 = Vector256.Load(from + 7 * fromStride);

        // Pairs, then fours, within each half of 128 bits; then the halves change places.
        Vector256<float> b0 = Avx.UnpackLow(a0, a1), b1 = Avx.UnpackHigh(a0, a1);
        Vector256<float> b2 = Avx.UnpackLow(a2, a3), b3 = Avx.UnpackHigh(a2, a3);
        Vector256<float> b4 = Avx.UnpackLow(a4, a5), b5 = Avx.UnpackHigh(a4, a5);
        Vector256<float> b6 = Avx.UnpackLow(a6, a7), b7 = Avx.UnpackHigh(a6, a7);
        Vector256<float> c0 = Avx.Shuffle(b0, b2, 0x44), c1 = Avx.Shuffle(b0, b2, 0xEE);
        Vector256<float> c2 = Avx.Shuffle(b1, b3, 0x44), c3 = Avx.Shuffle(b1, b3, 0xEE);
        Vector256<float> c4 = Avx.Shuffle(b4, b6, 0x44), c5 = Avx.Shuffle(b4, b6, 0xEE);
        Vector256<float> c6 = Avx.Shuffle(b5, b7, 0x44), c7 = Avx.Shuffle(b5, b7, 0xEE);
        Avx.Permute2x128(c0, c4, 0x20).Store(to);
        Avx.Permute2x128(c1, c5, 0x20).Store(to + toStride);
        Avx.Permute2x128(c2, c6, 0x20).Store(to + 2 * toStride);
        Avx.Permute2x128(c3, c7, 0x20).Store(to + 3 * toStride);
        Avx.Permute2x128(c0, c4, 0x31).Store(to + 4 * toStride);
        Avx.Permute2x128(c1, c5, 0x31).Store(to + 5 * toStride);
        Avx.Permute2x128(c2, c6, 0x31).Store(to + 6 * toStride);
        Avx.Permute2x128(c3, c7, 0x31).Store(to + 7 * toStride);
    }
}
