namespace Seriatim.Tensors;

/// <summary><c>value = d · q + m</c>: d and m binary16, then 16 bytes; the low halves are the first 16 values.</summary>
internal readonly unsafe struct Q4_1 : IBlockFormat
{
    public static BlockType Type => BlockType.Q4_1;

    public static int Values => 32;

    public static int Bytes => 20;

    public static int GroupValues => 32;

    public static int CodeBits => 4;

    public static int Bias => 0;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => false;

    public static bool HasMinimums => true;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        parts->Minimum = *(ushort*)(block + 2);
        (parts->GroupScales[0], parts->GroupMinimums[0]) = (1, 1);
        Nibbles.Open(block + 4, 16, parts->Codes);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        *(ushort*)(block + 2) = (ushort)parts->Minimum;
        Nibbles.Close(parts->Codes, 16, block + 4);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<Q4_1>.Range(values, parts);
}
