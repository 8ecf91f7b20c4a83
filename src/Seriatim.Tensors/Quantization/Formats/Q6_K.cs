namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · g · (q - 32)</c>: 128 bytes of low halves, 64 bytes of high pairs, 16 signed bytes of g, d binary16.
/// </summary>
internal readonly unsafe struct Q6_K : IBlockFormat
{
    public static BlockType Type => BlockType.Q6_K;

    public static int Values => 256;

    public static int Bytes => 210;

    public static int GroupValues => 16;

    public static int CodeBits => 6;

    public static int Bias => 32;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => true;

    public static bool HasMinimums => false;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        Pairs.Open(block + 128, parts->Codes);
        for (int i = 0; i < 256; i++)
        {
            int low = block[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4);
            parts->Codes[i] = (byte)((low & 15) | (parts->Codes[i] << 4));
        }

        for (int group = 0; group < 16; group++)
            parts->GroupScales[group] = (sbyte)block[192 + group];
        parts->Scale = *(ushort*)(block + 208);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        new Span<byte>(block, 128).Clear();
        byte* high = stackalloc byte[256];
        for (int i = 0; i < 256; i++)
        {
            block[i / 128 * 64 + i % 64] |= (byte)((parts->Codes[i] & 15) << (i % 128 / 64 * 4));
            high[i] = (byte)(parts->Codes[i] >> 4);
        }

        Pairs.Close(high, block + 128);
        for (int group = 0; group < 16; group++)
            block[192 + group] = (byte)parts->GroupScales[group];
        *(ushort*)(block + 208) = (ushort)parts->Scale;
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) =>
        BlockEncoder<Q6_K>.Groups(values, -128, 127, parts);
}
