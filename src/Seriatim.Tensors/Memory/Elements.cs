namespace Seriatim.Tensors;

/// <summary>Single elements of a tensor of any storage type, widened to and rounded from F32.</summary>
internal static unsafe class Elements
{
    public static float Read(Tensor tensor, long index) => tensor.Type switch
    {
        DataType.F32 => ((float*)tensor.Data)[index],
        DataType.F16 => (float)((Half*)tensor.Data)[index],
        DataType.BF16 => BFloat16ToSingle(((ushort*)tensor.Data)[index]),
        _ => ((int*)tensor.Data)[index],
    };

    public static void Write(Tensor tensor, long index, float value)
    {
        switch (tensor.Type)
        {
            case DataType.F32: ((float*)tensor.Data)[index] = value; break;
            case DataType.F16: ((Half*)tensor.Data)[index] = (Half)value; break;
            case DataType.BF16: ((ushort*)tensor.Data)[index] = SingleToBFloat16(value); break;
            default: ((int*)tensor.Data)[index] = (int)value; break;
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
