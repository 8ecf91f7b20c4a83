namespace Seriatim.Tensors;

/// <summary>Eight g and eight h of 6 bits in 12 bytes, as Q4_K and Q5_K hold them.</summary>
internal static unsafe class SixBitScales
{
    public static void Open(byte* bytes, BlockParts* parts)
    {
        for (int j = 0; j < 4; j++)
        {
            parts->GroupScales[j] = (sbyte)(bytes[j] & 63);
            parts->GroupMinimums[j] = (byte)(bytes[j + 4] & 63);
            parts->GroupScales[j + 4] = (sbyte)((bytes[j + 8] & 15) | ((bytes[j] >> 6) << 4));
            parts->GroupMinimums[j + 4] = (byte)((bytes[j + 8] >> 4) | ((bytes[j + 4] >> 6) << 4));
        }
    }

    public static void Close(BlockParts* parts, byte* bytes)
    {
        for (int j = 0; j < 4; j++)
        {
            int scale = parts->GroupScales[j + 4];
            int minimum = parts->GroupMinimums[j + 4];
            bytes[j] = (byte)((byte)parts->GroupScales[j] | ((scale >> 4) << 6));
            bytes[j + 4] = (byte)(parts->GroupMinimums[j] | ((minimum >> 4) << 6));
            bytes[j + 8] = (byte)((scale & 15) | ((minimum & 15) << 4));
        }
    }
}
