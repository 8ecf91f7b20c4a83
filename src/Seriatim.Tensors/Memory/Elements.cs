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
                float* singles = tensor.Floats + first;
                for (int i = 0; i < values.Length; i++)
                    values[i] = singles[(long)i * stride];
                break;
            case DataType.F16:
                var halves = (Half*)tensor.Data + first;
                for (int i = 0; i < values.Length; i++)
                    values[i] = (float)halves[(long)i * stride];
                break;
            case DataType.BF16:
                var patterns = (ushort*)tensor.Data + first;
                for (int i = 0; i < values.Length; i++)
                    values[i] = SixteenBits.FromBFloat16(patterns[(long)i * stride]);
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
                float* singles = tensor.Floats + first;
                for (int i = 0; i < values.Length; i++)
                    singles[(long)i * stride] = values[i];
                break;
            case DataType.F16:
                var halves = (Half*)tensor.Data + first;
                for (int i = 0; i < values.Length; i++)
                    halves[(long)i * stride] = (Half)values[i];
                break;
            case DataType.BF16:
                var patterns = (ushort*)tensor.Data + first;
                for (int i = 0; i < values.Length; i++)
                    patterns[(long)i * stride] = SixteenBits.ToBFloat16(values[i]);
                break;
            default:
                throw new InvalidOperationException($"A tensor of {tensor.Type} does not hold floating point values.");
        }
    }
}
