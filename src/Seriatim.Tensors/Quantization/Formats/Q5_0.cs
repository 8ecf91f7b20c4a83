namespace Seriatim.Tensors;

/// <summary><c>value = d · (q - 16)</c>: d binary16, 32 high bits, then 16 bytes of low halves as in Q4_0.</summary>
internal readonly unsafe struct Q5_0 : IBlockFormat
{
    public static BlockType Type => BlockType.Q5_0;

    public static int Values => 32;

    public static int Bytes => 22;

    public static int GroupValues => 32;

    public static int CodeBits => 5;

    public static int Bias => 16;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => false;

    public static bool HasMinimums => false;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        parts->GroupScales[0] = 1;
        Nibbles.Open(block + 6, 16, parts->Codes);
        Nibbles.OpenHighBits(block + 2, parts->Codes);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        Nibbles.CloseHighBits(parts->Codes, block + 2);
        Nibbles.Close(parts->Codes, 16, block + 6);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<Q5_0>.Scaled(values, parts);
}
