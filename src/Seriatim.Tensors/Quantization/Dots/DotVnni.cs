using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>AVX-VNNI: 32 products of unsigned by signed bytes and their sums in one 256-bit instruction.</summary>
internal readonly unsafe struct DotVnni(Vector256<int> low, Vector256<int> high) : IDotLanes<DotVnni>
{
    private readonly Vector256<int> _low = low;
    private readonly Vector256<int> _high = high;

    /// <summary>
    /// The sums in one vector. WithUpper is one instruction; Vector512.Create is two and holds a register of its own.
    /// </summary>
    public Vector512<int> Sums
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _low.ToVector512Unsafe().WithUpper(_high);
    }

    public static bool IsSupported => AvxVnni.IsSupported;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotVnni Start(int value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotVnni Load(byte* codes) => new(Vector256.Load((int*)codes), Vector256.Load((int*)codes + 8));

    /// <summary>Codes of 4 inputs for 16 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotVnni Of(Vector512<byte> codes) => new(codes.GetLower().AsInt32(), codes.GetUpper().AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotVnni MultiplyAdd(DotVnni sums, DotVnni codes, sbyte* x)
    {
        Vector256<sbyte> four = Vector256.Create(*(int*)x).AsSByte();
        return new(
            AvxVnni.MultiplyWideningAndAdd(sums._low, codes._low.AsByte(), four),
            AvxVnni.MultiplyWideningAndAdd(sums._high, codes._high.AsByte(), four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(DotVnni sums, float* scales, float factor, float* minimums, float sum, float* y)
    {
        if (Vector512.IsHardwareAccelerated)
            Dot512.AddScaled(new Dot512(sums.Sums), scales, factor, minimums, sum, y);
        else
            Dot256.AddScaled(new Dot256(sums._low, sums._high), scales, factor, minimums, sum, y);
    }
}
