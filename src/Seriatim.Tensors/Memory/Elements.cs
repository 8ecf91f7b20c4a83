namespace Seriatim.Tensors;

/// <summary>Rows of elements of any storage type, widened to and rounded from F32.</summary>
internal static unsafe class Elements
{
    /// <summary>Reads elements <paramref name="first"/>, first + stride, ... as F32.</summary>
    public static void Read(Tensor tensor, long first, int stride, Span<float> values)
    {
        switch (tensor.Type)
        {
            case DataType.F32:
                for (int i = 0; i < values.Length; i++)
                    values[i] = ((float*)tensor.Data + first)[(long)i * stride];
                break;
            case DataType.F16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = (float)((Half*)tensor.Data + first)[(long)i * stride];
                break;
            case DataType.BF16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BFloat16ToSingle(((ushort*)tensor.Data + first)[(long)i * stride]);
                break;
            default:
                throw new InvalidOperationException($"A tensor of {tensor.Type} does not hold floating point values.");
        }
    }

    /// <summary>Writes elements <paramref name="first"/>, first + stride, ..., rounded to nearest even.</summary>
    public static void Write(Tensor tensor, long first, int stride, ReadOnlySpan<float> values)
    {
        switch (tensor.Type)
        {
            case DataType.F32:
                for (int i = 0; i < values.Length; i++)
                    ((float*)tensor.Data + first)[(long)i * stride] = values[i];
                break;
            case DataType.F16:
                for (int i = 0; i < values.Length; i++)
                    ((Half*)tensor.Data + first)[(long)i * stride] = (Half)values[i];
                break;
            case DataType.BF16:
                for (int i = 0; i < values.Length; i++)
                    ((ushort*)tensor.Data + first)[(long)i * stride] = SingleToBFloat16(values[i]);
                break;
            default:
                throw new InvalidOperationException($"A tensor of {tensor.Type} does not hold floating point values.");
        }
    }

    public static float BFloat16ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Rounds to nearest, ties to even; NaN stays NaN.</summary>
    public static ushort SingleToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
