namespace Seriatim.Tensors;

/// <summary>The kernels of <see cref="HalfCode"/>, called as the tiles of <see cref="OuterProduct{T}"/> are.</summary>
internal static unsafe class HalfKernels
{
    /// <summary>Inputs of one call: the collector waits while one runs. Eight rows take some four microseconds.</summary>
    private const int MostDepth = 1024;

    private static readonly int[] RowCounts = [1, 2, 4, 8];

    private static readonly KernelTable Table = new(
        nameof(HalfCode), RowCounts.Length, (index, windows) => HalfCode.Write(RowCounts[index], windows),
        (index, kernel) => HalfCheck.IsRight(RowCounts[index], kernel));

    /// <summary>Adds one tile.</summary>
    /// <param name="tileRows">1, 2, 4 or 8.</param>
    /// <param name="depth">Inputs.</param>
    /// <param name="a">The rows <c>[depth][tileRows]</c>.</param>
    /// <param name="b">The panel in binary16, <c>[depth][32]</c>.</param>
    /// <param name="c">Running results.</param>
    /// <param name="cStride">Floats from row to row of the results.</param>
    /// <returns>False if there is no such kernel, or the depth is none it can do: nothing happened.</returns>
    public static bool TryAdd(int tileRows, nint depth, float* a, byte* b, float* c, nint cStride)
    {
        if (depth % HalfCode.Unroll != 0)
            return false;
        int index = tileRows switch { 1 => 0, 2 => 1, 4 => 2, _ => 3 };
        var kernel = (delegate* unmanaged[SuppressGCTransition]<HalfCall*, void>)Table.Find(index);
        if (kernel == null)
            return false;
        var call = new HalfCall { C = c, Stride = cStride * sizeof(float) };
        for (nint k = 0; k < depth; k += MostDepth)
        {
            call.A = a + k * tileRows;
            call.B = b + k * HalfCode.Outputs * sizeof(ushort);
            call.Depth = nint.Min(MostDepth, depth - k);
            kernel(&call);
        }

        return true;
    }
}
