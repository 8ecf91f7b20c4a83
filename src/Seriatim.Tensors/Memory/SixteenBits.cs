using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// The one place where F32 becomes binary16 or bfloat16 and back. Rounding is to nearest, ties to even; NaN stays NaN; widening
/// is exact. What is too large for a format becomes infinity: whoever writes files asks <see cref="FirstOverflow"/> first.
/// </summary>
public static unsafe class SixteenBits
{
    /// <summary>A bfloat16 pattern as F32.</summary>
    public static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>
    /// The nearest bfloat16; a NaN keeps its upper half and is made quiet, because rounding could turn it into infinity.
    /// </summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>A binary16 pattern as F32.</summary>
    public static float FromHalf(ushort bits) => (float)BitConverter.UInt16BitsToHalf(bits);

    /// <summary>The nearest bfloat16 of many values, each as <see cref="ToBFloat16(float)"/> has it.</summary>
    internal static void ToBFloat16(float* values, ushort* patterns, long count)
    {
        long i = 0;
        for (; i <= count - 16; i += 16)
            Vector256.Narrow(RoundedUpper(values + i), RoundedUpper(values + i + 8)).Store(patterns + i);
        for (; i < count; i++)
            patterns[i] = ToBFloat16(values[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RoundedUpper(float* values)
    {
        Vector256<float> value = Vector256.Load(values);
        Vector256<uint> bits = value.AsUInt32();
        Vector256<uint> rounded = (bits + Vector256.Create(0x7FFFu) + ((bits >> 16) & Vector256<uint>.One)) >> 16;
        Vector256<uint> quiet = (bits >> 16) | Vector256.Create(0x40u);
        return Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded, quiet);
    }

    /// <summary>The nearest binary16.</summary>
    public static ushort ToHalf(float value) => BitConverter.HalfToUInt16Bits((Half)value);

    /// <summary>Widens binary16 patterns that may lie at any address; as many as <paramref name="values"/> holds.</summary>
    public static void FromHalf(void* patterns, Span<float> values)
    {
        byte* from = (byte*)patterns;
        int i = 0;
        fixed (float* to = values)
        {
            for (; i <= values.Length - 16; i += 16)
            {
                (Vector256<int> low, Vector256<int> high) = Vector256.Widen(Vector256.Load((short*)(from + 2L * i)));
                HalfBits.ToSingle(low).Store(to + i);
                HalfBits.ToSingle(high).Store(to + i + 8);
            }
        }

        for (; i < values.Length; i++)
            values[i] = FromHalf(Unsafe.ReadUnaligned<ushort>(from + 2L * i));
    }

    /// <summary>Widens bfloat16 patterns that may lie at any address; as many as <paramref name="values"/> holds.</summary>
    public static void FromBFloat16(void* patterns, Span<float> values)
    {
        byte* from = (byte*)patterns;
        int i = 0;
        fixed (float* to = values)
        {
            for (; i <= values.Length - 16; i += 16)
            {
                (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load((ushort*)(from + 2L * i)));
                (low << 16).AsSingle().Store(to + i);
                (high << 16).AsSingle().Store(to + i + 8);
            }
        }

        for (; i < values.Length; i++)
            values[i] = FromBFloat16(Unsafe.ReadUnaligned<ushort>(from + 2L * i));
    }

    /// <summary>
    /// Index of the first finite value that <paramref name="type"/> has no finite place for; -1 if there is none.
    /// </summary>
    /// <param name="values">The values.</param>
    /// <param name="type">F16 or BF16; F32 holds everything.</param>
    public static int FirstOverflow(ReadOnlySpan<float> values, DataType type)
    {
        if (type is not (DataType.F16 or DataType.BF16))
            return -1;
        for (int i = 0; i < values.Length; i++)
        {
            float stored = type == DataType.F16 ? FromHalf(ToHalf(values[i])) : FromBFloat16(ToBFloat16(values[i]));
            if (float.IsInfinity(stored) && float.IsFinite(values[i]))
                return i;
        }

        return -1;
    }
}
