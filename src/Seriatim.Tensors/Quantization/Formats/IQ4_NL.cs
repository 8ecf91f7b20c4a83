namespace Seriatim.Tensors;

/// <summary><c>value = d · level(q)</c> with 16 levels of unequal steps: d binary16, then 16 bytes as in Q4_0.</summary>
internal readonly unsafe struct IQ4_NL : IBlockFormat
{
    public static BlockType Type => BlockType.IQ4_NL;

    public static int Values => 32;

    public static int Bytes => 18;

    public static int GroupValues => 32;

    public static int CodeBits => 4;

    public static int Bias => 128;

    public static ReadOnlySpan<sbyte> Levels => Nibbles.UnequalLevels;

    public static bool HasGroupScales => false;

    public static bool HasMinimums => false;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts) => Q4_0.Open(block, parts);

    public static void Close(BlockParts* parts, byte* block) => Q4_0.Close(parts, block);

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<IQ4_NL>.Scaled(values, parts);
}
