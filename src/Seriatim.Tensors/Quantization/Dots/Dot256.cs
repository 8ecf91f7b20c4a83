using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>AVX2: bytes widened to 16 bits, products of pairs added in 32.</summary>
internal readonly unsafe struct Dot256(Vector256<int> low, Vector256<int> high) : IDotLanes<Dot256>
{
    private readonly Vector256<int> _low = low;
    private readonly Vector256<int> _high = high;

    public static bool IsSupported => Avx2.IsSupported;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot256 Start(int value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot256 Load(byte* codes) => new(Vector256.Load((int*)codes), Vector256.Load((int*)codes + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot256 MultiplyAdd(Dot256 sums, Dot256 codes, sbyte* x)
    {
        Vector256<short> four = Vector256.Create(*(int*)x).AsInt16();
        Vector256<short> even = Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(four, 8), 8);
        Vector256<short> odd = Vector256.ShiftRightArithmetic(four, 8);
        return new(sums._low + Products(codes._low.AsInt16(), even, odd),
            sums._high + Products(codes._high.AsInt16(), even, odd));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(Dot256 sums, float* scales, float factor, float* minimums, float sum, float* y)
    {
        Vector256<float> low = Vector256.Load(scales) * Vector256.Create(factor);
        Vector256<float> high = Vector256.Load(scales + 8) * Vector256.Create(factor);
        low = Vector256.FusedMultiplyAdd(low, Vector256.ConvertToSingle(sums._low), Vector256.Load(y));
        high = Vector256.FusedMultiplyAdd(high, Vector256.ConvertToSingle(sums._high), Vector256.Load(y + 8));
        if (minimums != null)
        {
            low = Vector256.FusedMultiplyAdd(Vector256.Load(minimums), Vector256.Create(sum), low);
            high = Vector256.FusedMultiplyAdd(Vector256.Load(minimums + 8), Vector256.Create(sum), high);
        }

        low.Store(y);
        high.Store(y + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Products(Vector256<short> codes, Vector256<short> even, Vector256<short> odd) =>
        Avx2.MultiplyAddAdjacent(codes & Vector256.Create((short)0xFF), even)
        + Avx2.MultiplyAddAdjacent(Vector256.ShiftRightLogical(codes, 8), odd);
}
