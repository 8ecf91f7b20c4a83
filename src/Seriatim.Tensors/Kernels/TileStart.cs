using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// What the sums of a tile start from: what its result holds, or the same 32 numbers for each row (a bias, zeros), which then
/// need not be written to the result first.
/// </summary>
/// <param name="from">The start of its first row.</param>
/// <param name="stride">Floats from row to row; 0: all rows start from the same.</param>
internal readonly unsafe struct TileStart(float* from, nint stride)
{
    /// <summary>The start of the first row.</summary>
    public readonly float* From = from;

    /// <summary>Floats from row to row; 0: all rows start from the same.</summary>
    public readonly nint Stride = stride;

    private static readonly nint Zeros = MakeZeros();

    /// <summary>Zeros for each of 32 columns.</summary>
    public static TileStart Zero => new((float*)Zeros, 0);

    /// <summary>The start of a part of the tile.</summary>
    public TileStart At(int row, int column) => new(From + row * Stride + column, Stride);

    private static nint MakeZeros()
    {
        const int Bytes = 32 * sizeof(float);
        void* zeros = NativeMemory.AlignedAlloc(Bytes, 64);
        NativeMemory.Clear(zeros, Bytes);
        return (nint)zeros;
    }
}
