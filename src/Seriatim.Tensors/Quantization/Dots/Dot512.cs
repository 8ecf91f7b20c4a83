using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>AVX-512BW: bytes widened to 16 bits, products of pairs added in 32.</summary>
internal readonly unsafe struct Dot512(Vector512<int> value) : IDotLanes<Dot512>
{
    private readonly Vector512<int> _value = value;

    public static bool IsSupported => Avx512BW.IsSupported;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot512 Start(int value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot512 Load(byte* codes) => new(Vector512.Load((int*)codes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot512 MultiplyAdd(Dot512 sums, Dot512 codes, sbyte* x)
    {
        // Bytes 0 and 2 of each lane as 16-bit numbers, then bytes 1 and 3.
        Vector512<short> four = Vector512.Create(*(int*)x).AsInt16();
        Vector512<short> even = codes._value.AsInt16() & Vector512.Create((short)0xFF);
        Vector512<short> odd = Vector512.ShiftRightLogical(codes._value.AsInt16(), 8);
        Vector512<int> products = Avx512BW.MultiplyAddAdjacent(even,
            Vector512.ShiftRightArithmetic(Vector512.ShiftLeft(four, 8), 8));
        return new(sums._value + products + Avx512BW.MultiplyAddAdjacent(odd, Vector512.ShiftRightArithmetic(four, 8)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(Dot512 sums, float* scales, float factor, float* minimums, float sum, float* y)
    {
        Vector512<float> scale = Vector512.Load(scales) * Vector512.Create(factor);
        Vector512<float> result = Vector512.FusedMultiplyAdd(scale, Vector512.ConvertToSingle(sums._value), Vector512.Load(y));
        if (minimums != null)
            result = Vector512.FusedMultiplyAdd(Vector512.Load(minimums), Vector512.Create(sum), result);
        result.Store(y);
    }
}
