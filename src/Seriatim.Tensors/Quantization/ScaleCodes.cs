using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// How scales are stored: each kind as one number and as 16 side by side, as panels have them. All of them widen to F32 exactly;
/// formats choose among them (<see cref="IBlockFormat.Scale"/>, <see cref="IBlockFormat.GroupScale"/>) or bring their own.
/// </summary>
internal static unsafe class ScaleCodes
{
    private const int QuietBit = 0x0040_0000;

    /// <summary>The largest E4M3.</summary>
    public const float LargestFloat8 = 448;

    /// <summary>The other sign of a binary16.</summary>
    public static ushort NegatedHalf(uint half) => (ushort)(half ^ 0x8000);

    /// <summary>16 binary16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Halves(byte* stored) =>
        HalfBits.ToSingle(Vector512.WidenLower(Vector256.Load((short*)stored).ToVector512Unsafe()));

    /// <summary>E8M0 of OCP Microscaling: <c>2^(e - 127)</c>; 255 is NaN.</summary>
    public static float PowerOfTwo(uint e) => BitConverter.UInt32BitsToSingle(e << 23 | (e is 0 or 255 ? (uint)QuietBit : 0));

    /// <summary>16 E8M0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> PowersOfTwo(byte* stored)
    {
        // Half of the smallest normal number and NaN have the same fraction.
        Vector512<int> e = Widened(stored);
        Vector512<int> ends = Vector512.Equals(e, Vector512<int>.Zero) | Vector512.Equals(e, Vector512.Create(255));
        return (Vector512.ShiftLeft(e, 23) | (ends & Vector512.Create(QuietBit))).AsSingle();
    }

    /// <summary>
    /// E4M3 of OCP without its sign: 4 bits of exponent, 3 of fraction, subnormals, no infinity; from 127 on NaN.
    /// </summary>
    public static float Float8(uint code) =>
        code >= 0x7F ? float.NaN : BitConverter.UInt32BitsToSingle(code << 20) * float.ScaleB(1, 120);

    /// <summary>16 E4M3 without signs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Floats8(byte* stored)
    {
        Vector512<int> code = Widened(stored);
        Vector512<float> values = Vector512.ShiftLeft(code, 20).AsSingle() * Vector512.Create(1.329227995784916e36f); // 2^120
        return Vector512.ConditionalSelect(
            Vector512.GreaterThan(code, Vector512.Create(0x7E)).AsSingle(), Vector512.Create(float.NaN), values);
    }

    /// <summary>
    /// The nearest E4M3 of a value that is not negative, ties to even; NaN for what is larger than <see cref="LargestFloat8"/>.
    /// </summary>
    public static byte NearestFloat8(float value)
    {
        if (!(value <= LargestFloat8))
            return 0x7F;
        // Subnormal ones are whole steps of 2^-9.
        if (value < 1f / 64)
            return (byte)MathF.Round(value * 512);
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (byte)(((bits + 0x7FFFF + ((bits >> 20) & 1)) >> 20) - (120 << 3));
    }

    /// <summary>16 signed bytes as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Signed(byte* bytes) => Vector512.ConvertToSingle(
        Vector512.WidenLower(Vector256.WidenLower(Vector128.Load((sbyte*)bytes).ToVector256Unsafe()).ToVector512Unsafe()));

    /// <summary>16 unsigned bytes as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Unsigned(byte* bytes) => Vector512.ConvertToSingle(Widened(bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Widened(byte* bytes) =>
        Vector512.WidenLower(Vector256.WidenLower(Vector128.Load(bytes).ToVector256Unsafe()).ToVector512Unsafe()).AsInt32();
}
