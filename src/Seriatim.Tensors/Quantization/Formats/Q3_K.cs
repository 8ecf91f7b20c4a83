namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · (g - 32) · (q - 4)</c>: 32 bytes of high bits, 64 bytes of low pairs, 12 bytes of g in 6 bits, d binary16.
/// </summary>
internal readonly unsafe struct Q3_K : IBlockFormat
{
    public static BlockType Type => BlockType.Q3_K;

    public static int Values => 256;

    public static int Bytes => 110;

    public static int GroupValues => 16;

    public static int CodeBits => 3;

    public static int Bias => 4;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => true;

    public static bool HasMinimums => false;

    public static void Open(byte* block, BlockParts* parts)
    {
        Pairs.Open(block + 32, parts->Codes);
        for (int i = 0; i < 256; i++)
            parts->Codes[i] |= (byte)(((block[i % 32] >> (i / 32)) & 1) << 2);
        byte* scales = block + 96;
        for (int group = 0; group < 16; group++)
        {
            int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
            int high = (scales[8 + group % 4] >> (2 * (group / 4))) & 3;
            parts->GroupScales[group] = (sbyte)((low | (high << 4)) - 32);
        }

        parts->Scale = *(ushort*)(block + 108);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        new Span<byte>(block, Bytes).Clear();
        for (int i = 0; i < 256; i++)
            block[i % 32] |= (byte)((parts->Codes[i] >> 2) << (i / 32));
        Pairs.Close(parts->Codes, block + 32);
        byte* scales = block + 96;
        for (int group = 0; group < 16; group++)
        {
            int scale = parts->GroupScales[group] + 32;
            scales[group % 8] |= (byte)((scale & 15) << (4 * (group / 8)));
            scales[8 + group % 4] |= (byte)((scale >> 4) << (2 * (group / 4)));
        }

        *(ushort*)(block + 108) = (ushort)parts->Scale;
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<Q3_K>.Groups(values, -32, 31, parts);
}
