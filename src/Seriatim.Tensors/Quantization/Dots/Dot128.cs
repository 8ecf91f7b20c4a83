using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>Any machine: four vectors of 128 bits, byte by byte in 32-bit lanes.</summary>
internal readonly unsafe struct Dot128(Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d) : IDotLanes<Dot128>
{
    private readonly Vector128<int> _a = a;
    private readonly Vector128<int> _b = b;
    private readonly Vector128<int> _c = c;
    private readonly Vector128<int> _d = d;

    public static bool IsSupported => true;

    public static int Offset => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot128 Start(int value)
    {
        Vector128<int> all = Vector128.Create(value);
        return new(all, all, all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot128 Load(byte* codes)
    {
        int* from = (int*)codes;
        return new(Vector128.Load(from), Vector128.Load(from + 4), Vector128.Load(from + 8), Vector128.Load(from + 12));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Dot128 MultiplyAdd(Dot128 sums, Dot128 codes, sbyte* x) => new(
        sums._a + Products(codes._a, x), sums._b + Products(codes._b, x),
        sums._c + Products(codes._c, x), sums._d + Products(codes._d, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(Dot128 sums, float* scales, float factor, float* minimums, float sum, float* y)
    {
        AddScaled(sums._a, scales, factor, y);
        AddScaled(sums._b, scales + 4, factor, y + 4);
        AddScaled(sums._c, scales + 8, factor, y + 8);
        AddScaled(sums._d, scales + 12, factor, y + 12);
        for (int i = 0; minimums != null && i < 16; i += 4)
            Vector128.FusedMultiplyAdd(Vector128.Load(minimums + i), Vector128.Create(sum), Vector128.Load(y + i)).Store(y + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Products(Vector128<int> codes, sbyte* x)
    {
        Vector128<int> low = Vector128.Create(0xFF);
        return ((codes & low) * x[0]) + ((Vector128.ShiftRightLogical(codes, 8) & low) * x[1])
            + ((Vector128.ShiftRightLogical(codes, 16) & low) * x[2]) + (Vector128.ShiftRightLogical(codes, 24) * x[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddScaled(Vector128<int> sums, float* scales, float factor, float* y)
    {
        Vector128<float> scale = Vector128.Load(scales) * Vector128.Create(factor);
        Vector128.FusedMultiplyAdd(scale, Vector128.ConvertToSingle(sums), Vector128.Load(y)).Store(y);
    }
}
