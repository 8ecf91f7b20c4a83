using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Seriatim.Tensors;

/// <summary>The dot product instructions of ARMv8.2: signed by signed bytes, so codes are taken less 128.</summary>
internal readonly unsafe struct DotArm(Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d) : IDotLanes<DotArm>
{
    private readonly Vector128<int> _a = a;
    private readonly Vector128<int> _b = b;
    private readonly Vector128<int> _c = c;
    private readonly Vector128<int> _d = d;

    public static bool IsSupported => Dp.IsSupported;

    public static int Offset => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotArm Start(int value)
    {
        Vector128<int> all = Vector128.Create(value);
        return new(all, all, all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotArm Load(byte* codes)
    {
        Vector128<byte> sign = Vector128.Create((byte)0x80);
        return new(
            (Vector128.Load(codes) ^ sign).AsInt32(), (Vector128.Load(codes + 16) ^ sign).AsInt32(),
            (Vector128.Load(codes + 32) ^ sign).AsInt32(), (Vector128.Load(codes + 48) ^ sign).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotArm MultiplyAdd(DotArm sums, DotArm codes, sbyte* x)
    {
        Vector128<sbyte> four = Vector128.Create(*(int*)x).AsSByte();
        return new(
            Dp.DotProduct(sums._a, codes._a.AsSByte(), four), Dp.DotProduct(sums._b, codes._b.AsSByte(), four),
            Dp.DotProduct(sums._c, codes._c.AsSByte(), four), Dp.DotProduct(sums._d, codes._d.AsSByte(), four));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(DotArm sums, float* scales, float factor, float* minimums, float sum, float* y) =>
        Dot128.AddScaled(new Dot128(sums._a, sums._b, sums._c, sums._d), scales, factor, minimums, sum, y);
}
