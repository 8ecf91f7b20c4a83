namespace Seriatim.Tensors;

/// <summary><c>value = d · g · q - m · h</c>: 16 bytes of g (low half) and h, 64 bytes of codes, d and m binary16.</summary>
internal readonly unsafe struct Q2_K : IBlockFormat
{
    public static BlockType Type => BlockType.Q2_K;

    public static int Values => 256;

    public static int Bytes => 84;

    public static int GroupValues => 16;

    public static int CodeBits => 2;

    public static int Bias => 0;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => true;

    public static bool HasMinimums => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        for (int group = 0; group < 16; group++)
        {
            parts->GroupScales[group] = (sbyte)(block[group] & 15);
            parts->GroupMinimums[group] = (byte)(block[group] >> 4);
        }

        Pairs.Open(block + 16, parts->Codes);
        parts->Scale = *(ushort*)(block + 80);
        parts->Minimum = ScaleCodes.NegatedHalf(*(ushort*)(block + 82));
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        for (int group = 0; group < 16; group++)
            block[group] = (byte)((byte)parts->GroupScales[group] | (parts->GroupMinimums[group] << 4));
        Pairs.Close(parts->Codes, block + 16);
        *(ushort*)(block + 80) = (ushort)parts->Scale;
        *(ushort*)(block + 82) = ScaleCodes.NegatedHalf(parts->Minimum);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) =>
        BlockEncoder<Q2_K>.GroupsWithMinimums(values, 15, parts);
}
