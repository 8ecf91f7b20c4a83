namespace Seriatim.Tensors;

/// <summary>The kernels of <see cref="HalfCode"/>, called as the tiles of <see cref="OuterProduct{T}"/> are.</summary>
internal static unsafe class HalfKernels
{
    /// <summary>Inputs of one call: the collector waits while one runs. Eight rows take some four microseconds.</summary>
    private const int MostDepth = 1024;

    /// <summary>Vectors that one call widens.</summary>
    private const int MostVectors = 4096;

    private const int Widening = 4; // the index of the kernel that only widens, behind those for 1, 2, 4 and 8 rows

    private static readonly KernelTable Table = new(
        nameof(HalfCode), Widening + 1,
        (index, windows) => index == Widening ? HalfCode.WriteWidening(windows) : HalfCode.Write(1 << index, windows),
        (index, kernel) => index == Widening ? HalfCheck.Widens(kernel) : HalfCheck.IsRight(1 << index, kernel));

    /// <summary>Adds one tile.</summary>
    /// <param name="tileRows">1, 2, 4 or 8.</param>
    /// <param name="depth">Inputs.</param>
    /// <param name="a">The rows <c>[depth][tileRows]</c>.</param>
    /// <param name="b">The panel in binary16, <c>[depth][32]</c>.</param>
    /// <param name="start">What the sums start from.</param>
    /// <param name="c">Results.</param>
    /// <param name="cStride">Floats from row to row of the results.</param>
    /// <returns>False if there is no such kernel, or the depth is none it can do: nothing happened.</returns>
    public static bool TryAdd(int tileRows, nint depth, float* a, byte* b, TileStart start, float* c, nint cStride)
    {
        if (depth % HalfCode.Unroll != 0)
            return false;
        var kernel = (delegate* unmanaged[SuppressGCTransition]<HalfCall*, void>)Table.Find(int.Log2(tileRows));
        if (kernel == null)
            return false;
        var call = new HalfCall { C = c, Stride = cStride * sizeof(float) };
        for (nint k = 0; k < depth; k += MostDepth)
        {
            call.A = a + k * tileRows;
            call.B = b + k * HalfCode.Outputs * sizeof(ushort);
            call.Depth = nint.Min(MostDepth, depth - k);
            TileStart from = k == 0 ? start : new TileStart(c, cStride);
            call.Start = from.From;
            call.StartStride = from.Stride * sizeof(float);
            kernel(&call);
        }

        return true;
    }

    /// <summary>Makes F32 of a multiple of 16 numbers.</summary>
    /// <param name="from">The numbers in binary16.</param>
    /// <param name="count">How many.</param>
    /// <param name="to">Where they go.</param>
    /// <returns>False if there is no such kernel: nothing happened.</returns>
    public static bool TryWiden(byte* from, int count, float* to)
    {
        var kernel = (delegate* unmanaged[SuppressGCTransition]<HalfCall*, void>)Table.Find(Widening);
        if (kernel == null)
            return false;
        var call = default(HalfCall);
        for (int at = 0, vectors = count / 16; at < vectors; at += MostVectors)
        {
            call.B = from + (long)at * 16 * sizeof(ushort);
            call.C = to + (long)at * 16;
            call.Depth = Math.Min(MostVectors, vectors - at);
            kernel(&call);
        }

        return true;
    }
}
