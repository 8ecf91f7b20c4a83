namespace Seriatim.Tensors;

/// <summary><c>value = d · (q - 8)</c>: d binary16, then 16 bytes; the low halves are the first 16 values.</summary>
internal readonly unsafe struct Q4_0 : IBlockFormat
{
    public static BlockType Type => BlockType.Q4_0;

    public static int Values => 32;

    public static int Bytes => 18;

    public static int GroupValues => 32;

    public static int CodeBits => 4;

    public static int Bias => 8;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => false;

    public static bool HasMinimums => false;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        parts->GroupScales[0] = 1;
        Nibbles.Open(block + 2, 16, parts->Codes);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        Nibbles.Close(parts->Codes, 16, block + 2);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<Q4_0>.Scaled(values, parts);
}
