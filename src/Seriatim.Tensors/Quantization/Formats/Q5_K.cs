namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · g · q - m · h</c>: d and m binary16, 12 bytes of g and h in 6 bits, 32
/// bytes of high bits, 128 bytes of low halves.
/// </summary>
internal readonly unsafe struct Q5_K : IBlockFormat
{
    public static BlockType Type => BlockType.Q5_K;

    public static int Values => 256;

    public static int Bytes => 176;

    public static int GroupValues => 32;

    public static int CodeBits => 5;

    public static int Bias => 0;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => true;

    public static bool HasMinimums => true;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        parts->Minimum = ScaleCodes.NegatedHalf(*(ushort*)(block + 2));
        SixBitScales.Open(block + 4, parts);
        for (int half = 0; half < 4; half++)
            Nibbles.Open(block + 48 + 32 * half, 32, parts->Codes + 64 * half);
        for (int i = 0; i < 256; i++)
            parts->Codes[i] |= (byte)(((block[16 + i % 32] >> (i / 32)) & 1) << 4);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        *(ushort*)(block + 2) = ScaleCodes.NegatedHalf(parts->Minimum);
        SixBitScales.Close(parts, block + 4);
        new Span<byte>(block + 16, 32).Clear();
        for (int i = 0; i < 256; i++)
            block[16 + i % 32] |= (byte)((parts->Codes[i] >> 4) << (i / 32));
        for (int half = 0; half < 4; half++)
            Nibbles.Close(parts->Codes + 64 * half, 32, block + 48 + 32 * half);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) =>
        BlockEncoder<Q5_K>.GroupsWithMinimums(values, 63, parts);
}
