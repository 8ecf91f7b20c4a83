namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · (g - 32) · level(q)</c> with 16 levels of unequal steps: d binary16, 2 bytes of high
/// and 4 of low bits of g, 128 bytes of codes.
/// </summary>
internal readonly unsafe struct IQ4_XS : IBlockFormat
{
    public static BlockType Type => BlockType.IQ4_XS;

    public static int Values => 256;

    public static int Bytes => 136;

    public static int GroupValues => 32;

    public static int CodeBits => 4;

    public static int Bias => 128;

    public static ReadOnlySpan<sbyte> Levels => Nibbles.UnequalLevels;

    public static bool HasGroupScales => true;

    public static bool HasMinimums => false;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        int high = *(ushort*)(block + 2);
        for (int group = 0; group < 8; group++)
        {
            int low = (block[4 + group / 2] >> (4 * (group % 2))) & 15;
            parts->GroupScales[group] = (sbyte)((low | (((high >> (2 * group)) & 3) << 4)) - 32);
            Nibbles.Open(block + 8 + 16 * group, 16, parts->Codes + 32 * group);
        }
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        int high = 0;
        new Span<byte>(block + 4, 4).Clear();
        for (int group = 0; group < 8; group++)
        {
            int scale = parts->GroupScales[group] + 32;
            block[4 + group / 2] |= (byte)((scale & 15) << (4 * (group % 2)));
            high |= (scale >> 4) << (2 * group);
            Nibbles.Close(parts->Codes + 32 * group, 16, block + 8 + 16 * group);
        }

        *(ushort*)(block + 2) = (ushort)high;
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) =>
        BlockEncoder<IQ4_XS>.Groups(values, -32, 31, parts);
}
