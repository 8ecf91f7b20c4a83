using System.Numerics;
using System.Runtime.CompilerServices;
using Seriatim.Tensors;

namespace Seriatim.Formats;

/// <summary>Converts stored elements (little-endian, any alignment) to F32, I64 and I32.</summary>
internal static unsafe class ElementReader
{
    public static void ReadF32(SafetensorsType type, byte* source, Span<float> destination)
    {
        switch (type)
        {
            case SafetensorsType.F32:
                fixed (float* target = destination)
                    Buffer.MemoryCopy(source, target, 4L * destination.Length, 4L * destination.Length);
                break;
            case SafetensorsType.F16: SixteenBits.FromHalf(source, destination); break;
            case SafetensorsType.BF16: SixteenBits.FromBFloat16(source, destination); break;
            case SafetensorsType.F64: Convert<double>(source, destination); break;
            case SafetensorsType.Bool or SafetensorsType.U8: Convert<byte>(source, destination); break;
            case SafetensorsType.I8: Convert<sbyte>(source, destination); break;
            case SafetensorsType.I16: Convert<short>(source, destination); break;
            case SafetensorsType.U16: Convert<ushort>(source, destination); break;
            case SafetensorsType.I32: Convert<int>(source, destination); break;
            case SafetensorsType.U32: Convert<uint>(source, destination); break;
            case SafetensorsType.I64: Convert<long>(source, destination); break;
            case SafetensorsType.U64: ReadU64(source, destination); break;
            case SafetensorsType.F8E5M2:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = SixteenBits.FromHalf((ushort)(source[i] << 8));
                break;
            case SafetensorsType.F8E4M3:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = E4M3ToSingle(source[i]);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "not a safetensors type");
        }
    }

    public static void ReadI64(SafetensorsEntry entry, byte* source, Span<long> destination)
    {
        RequireInteger(entry);
        ReadIntegers(entry, source, destination);
    }

    public static void ReadI32(SafetensorsEntry entry, byte* source, Span<int> destination)
    {
        RequireInteger(entry);
        ReadIntegers(entry, source, destination);
    }

    public static void RequireInteger(SafetensorsEntry entry)
    {
        if (!entry.Type.IsInteger())
        {
            throw new ModelFormatException(
                entry.File.Path,
                $"tensor {ModelFormatException.Quote(entry.Name)} has type {entry.Type.Name()} where integers are expected.",
                "Check that the file belongs to this model.");
        }
    }

    private static void ReadIntegers<T>(SafetensorsEntry entry, byte* source, Span<T> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        switch (entry.Type)
        {
            case SafetensorsType.Bool or SafetensorsType.U8: ConvertChecked<byte, T>(entry, source, destination); break;
            case SafetensorsType.I8: ConvertChecked<sbyte, T>(entry, source, destination); break;
            case SafetensorsType.I16: ConvertChecked<short, T>(entry, source, destination); break;
            case SafetensorsType.U16: ConvertChecked<ushort, T>(entry, source, destination); break;
            case SafetensorsType.I32: ConvertChecked<int, T>(entry, source, destination); break;
            case SafetensorsType.U32: ConvertChecked<uint, T>(entry, source, destination); break;
            case SafetensorsType.I64: ConvertChecked<long, T>(entry, source, destination); break;
            default: ConvertChecked<ulong, T>(entry, source, destination); break;
        }
    }

    private static void ConvertChecked<TFrom, TTo>(SafetensorsEntry entry, byte* source, Span<TTo> destination)
        where TFrom : unmanaged, IBinaryInteger<TFrom>
        where TTo : unmanaged, IBinaryInteger<TTo>
    {
        for (var i = 0; i < destination.Length; i++)
        {
            var value = Unsafe.ReadUnaligned<TFrom>(source + (long)i * sizeof(TFrom));
            destination[i] = TTo.CreateTruncating(value);
            // A value that fits comes back unchanged, with its sign.
            if (TFrom.CreateTruncating(destination[i]) != value || TFrom.IsNegative(value) != TTo.IsNegative(destination[i]))
            {
                throw new ModelFormatException(
                    entry.File.Path,
                    $"tensor {ModelFormatException.Quote(entry.Name)} holds {value} at element {i}, "
                    + $"which does not fit {sizeof(TTo) * 8} signed bits.",
                    "Check that the file belongs to this model.");
            }
        }
    }

    private static void Convert<T>(byte* source, Span<float> destination)
        where T : unmanaged, INumberBase<T>
    {
        for (var i = 0; i < destination.Length; i++)
            destination[i] = float.CreateTruncating(Unsafe.ReadUnaligned<T>(source + (long)i * sizeof(T)));
    }

    private static void ReadU64(byte* source, Span<float> destination)
    {
        for (var i = 0; i < destination.Length; i++)
        {
            var value = Unsafe.ReadUnaligned<ulong>(source + 8L * i);
            // Halving with the lost bit kept sticky leaves the rounding as it is, and the signed conversion rounds once.
            destination[i] = value <= long.MaxValue ? (long)value : 2f * (long)((value >> 1) | (value & 1));
        }
    }

    private static float E4M3ToSingle(byte bits)
    {
        var magnitude = bits & 0x7f;
        float value;
        if (magnitude == 0x7f)
            value = float.NaN;
        else if (magnitude < 8)
            value = magnitude / 512f;
        else
            value = BitConverter.Int32BitsToSingle((magnitude << 20) + ((127 - 7) << 23));
        return (bits & 0x80) != 0 ? -value : value;
    }
}
