using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// For tests (<see cref="TensorPool.Guarded"/>): bytes before and behind memory that nobody may write, and that are NaN to
/// whoever reads them.
/// </summary>
internal static unsafe class Canary
{
    /// <summary>How many lie at each end, at least.</summary>
    public const int Bytes = TensorPool.Alignment;

    private const byte Value = 0xFF;

    /// <summary>
    /// Memory of some pieces, each <paramref name="stride"/> bytes behind the last, full of what canaries are made of.
    /// </summary>
    public static byte* Allocate(long stride, long pieces)
    {
        nuint bytes = checked((nuint)(Bytes + stride * pieces));
        byte* block = (byte*)NativeMemory.AlignedAlloc(bytes, TensorPool.Alignment);
        NativeMemory.Fill(block, bytes, Value);
        return block + Bytes;
    }

    /// <summary>The distance of pieces that have canaries between them.</summary>
    public static long Stride(long bytes) => checked((bytes + Bytes - 1) / Bytes * Bytes + Bytes);

    /// <summary>The first piece that was written beyond an end; -1 if there is none.</summary>
    public static long FirstBroken(byte* first, long bytes, long stride, long pieces)
    {
        for (long piece = 0; piece < pieces; piece++)
        {
            byte* start = first + piece * stride;
            if (IsBroken(start - Bytes, Bytes) || IsBroken(start + bytes, (int)(stride - bytes)))
                return piece;
        }

        return -1;
    }

    /// <summary>Gives back what <see cref="Allocate"/> gave.</summary>
    public static void Free(byte* first) => NativeMemory.AlignedFree(first - Bytes);

    private static bool IsBroken(byte* canary, int bytes) => new ReadOnlySpan<byte>(canary, bytes).IndexOfAnyExcept(Value) >= 0;
}
