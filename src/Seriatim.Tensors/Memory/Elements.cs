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
                    values[i] = SixteenBits.FromBFloat16(((ushort*)tensor.Data + first)[(long)i * stride]);
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
                    ((ushort*)tensor.Data + first)[(long)i * stride] = SixteenBits.ToBFloat16(values[i]);
                break;
            default:
                throw new InvalidOperationException($"A tensor of {tensor.Type} does not hold floating point values.");
        }
    }
}
