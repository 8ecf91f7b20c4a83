namespace Seriatim.Models;

/// <summary>Rows of GGUF tensors as F32.</summary>
internal static unsafe class GgufRows
{
    /// <summary>Decodes a row of any type the engine computes with.</summary>
    public static void Read(GgmlType type, byte* from, Span<float> values)
    {
        switch (type)
        {
            case GgmlType.F32:
                new ReadOnlySpan<float>(from, values.Length).CopyTo(values);
                break;
            case GgmlType.F16:
                SixteenBits.FromHalf(from, values);
                break;
            case GgmlType.BF16:
                SixteenBits.FromBFloat16(from, values);
                break;
            default:
                BlockType block = type.ToBlockType()
                    ?? throw new ArgumentOutOfRangeException(nameof(type), type, "not a type that is computed with");
                block.Decode(new ReadOnlySpan<byte>(from, checked((int)block.Bytes(values.Length))), values);
                break;
        }
    }
}
