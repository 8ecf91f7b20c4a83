using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// binary16 to binary32 in integer lanes, exact for all values, from 16-bit patterns widened with their sign: exponent and
/// fraction move up 13 bits while the sign is at the top already, a multiplication by 2^112 corrects the bias and normalises
/// subnormals, and infinities and NaNs get their full exponent.
/// </summary>
internal static class HalfBits
{
    private const int SignAndHalf = unchecked((int)0x8FFFE000); // the sign, and exponent and fraction after the shift
    private const uint Infinity = 0x1F000000; // the exponent of infinities, shifted once more
    private const uint SingleInfinity = 0x7F800000;
    private const float BiasCorrection = 5.192296858534828e33f; // 2^112

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<int> half)
    {
        Vector512<int> bits = Vector512.ShiftLeft(half, 13) & Vector512.Create(SignAndHalf);
        Vector512<uint> value = (bits.AsSingle() * Vector512.Create(BiasCorrection)).AsUInt32();
        Vector512<uint> withoutSign = Vector512.ShiftLeft(bits.AsUInt32(), 1);
        value |= Vector512.GreaterThanOrEqual(withoutSign, Vector512.Create(Infinity)) & Vector512.Create(SingleInfinity);
        return value.AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToSingle(Vector256<int> half)
    {
        Vector256<int> bits = Vector256.ShiftLeft(half, 13) & Vector256.Create(SignAndHalf);
        Vector256<uint> value = (bits.AsSingle() * Vector256.Create(BiasCorrection)).AsUInt32();
        Vector256<uint> withoutSign = Vector256.ShiftLeft(bits.AsUInt32(), 1);
        value |= Vector256.GreaterThanOrEqual(withoutSign, Vector256.Create(Infinity)) & Vector256.Create(SingleInfinity);
        return value.AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToSingle(Vector128<int> half)
    {
        Vector128<int> bits = Vector128.ShiftLeft(half, 13) & Vector128.Create(SignAndHalf);
        Vector128<uint> value = (bits.AsSingle() * Vector128.Create(BiasCorrection)).AsUInt32();
        Vector128<uint> withoutSign = Vector128.ShiftLeft(bits.AsUInt32(), 1);
        value |= Vector128.GreaterThanOrEqual(withoutSign, Vector128.Create(Infinity)) & Vector128.Create(SingleInfinity);
        return value.AsSingle();
    }
}
