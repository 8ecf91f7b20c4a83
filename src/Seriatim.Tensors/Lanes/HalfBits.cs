using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// binary16 to binary32 in integer lanes, exact for all values: exponent and fraction move up 13 bits, a multiplication by 2^112
/// corrects the bias and normalises subnormals, and infinities and NaNs get their full exponent.
/// </summary>
internal static class HalfBits
{
    private const uint ExponentAndFraction = 0x7FFF;
    private const uint Sign = 0x8000;
    private const uint Infinity = 0x7C00;
    private const uint SingleInfinity = 0x7F800000;
    private const float BiasCorrection = 5.192296858534828e33f; // 2^112

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<uint> half)
    {
        Vector512<uint> magnitude = half & Vector512.Create(ExponentAndFraction);
        Vector512<uint> value = (Vector512.ShiftLeft(magnitude, 13).AsSingle() * Vector512.Create(BiasCorrection)).AsUInt32();
        value |= Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(Infinity)) & Vector512.Create(SingleInfinity);
        return (value | Vector512.ShiftLeft(half & Vector512.Create(Sign), 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector256<uint> half)
    {
        Vector256<uint> magnitude = half & Vector256.Create(ExponentAndFraction);
        Vector256<uint> value = (Vector256.ShiftLeft(magnitude, 13).AsSingle() * Vector256.Create(BiasCorrection)).AsUInt32();
        value |= Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(Infinity)) & Vector256.Create(SingleInfinity);
        return (value | Vector256.ShiftLeft(half & Vector256.Create(Sign), 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<uint> half)
    {
        Vector128<uint> magnitude = half & Vector128.Create(ExponentAndFraction);
        Vector128<uint> value = (Vector128.ShiftLeft(magnitude, 13).AsSingle() * Vector128.Create(BiasCorrection)).AsUInt32();
        value |= Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(Infinity)) & Vector128.Create(SingleInfinity);
        return (value | Vector128.ShiftLeft(half & Vector128.Create(Sign), 16)).AsSingle();
    }
}
