namespace Seriatim.Tensors;

/// <summary><c>value = d · g · q - m · h</c>: d and m binary16, 12 bytes of g and h in 6 bits, 128 bytes of codes.</summary>
internal readonly unsafe struct Q4_K : IBlockFormat
{
    public static BlockType Type => BlockType.Q4_K;

    public static int Values => 256;

    public static int Bytes => 144;

    public static int GroupValues => 32;

    public static int CodeBits => 4;

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
            Nibbles.Open(block + 16 + 32 * half, 32, parts->Codes + 64 * half);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        *(ushort*)(block + 2) = ScaleCodes.NegatedHalf(parts->Minimum);
        SixBitScales.Close(parts, block + 4);
        for (int half = 0; half < 4; half++)
            Nibbles.Close(parts->Codes + 64 * half, 32, block + 16 + 32 * half);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) =>
        BlockEncoder<Q4_K>.GroupsWithMinimums(values, 63, parts);
}
