using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>What a kernel of <see cref="HalfCode"/> is called with; its only argument.</summary>
[StructLayout(LayoutKind.Explicit, Size = 7 * 8)]
internal unsafe struct HalfCall
{
    /// <summary>The rows <c>[depth][rows]</c>.</summary>
    [FieldOffset(AAt)]
    public float* A;

    /// <summary>The panel in binary16, <c>[depth][32]</c>.</summary>
    [FieldOffset(BAt)]
    public byte* B;

    /// <summary>Results <c>[rows][32]</c>.</summary>
    [FieldOffset(CAt)]
    public float* C;

    /// <summary>Bytes from row to row of the results.</summary>
    [FieldOffset(StrideAt)]
    public nint Stride;

    /// <summary>Inputs, a multiple of 4 that is not 0; for widening alone vectors of 16, at least 1.</summary>
    [FieldOffset(DepthAt)]
    public nint Depth;

    /// <summary>What the sums start from, <c>[rows][32]</c>.</summary>
    [FieldOffset(StartAt)]
    public float* Start;

    /// <summary>Bytes from row to row of what they start from.</summary>
    [FieldOffset(StartStrideAt)]
    public nint StartStride;

    public const int AAt = 0;
    public const int BAt = 8;
    public const int CAt = 16;
    public const int StrideAt = 24;
    public const int DepthAt = 32;
    public const int StartAt = 40;
    public const int StartStrideAt = 48;
}
