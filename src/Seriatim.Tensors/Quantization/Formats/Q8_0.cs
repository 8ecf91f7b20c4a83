namespace Seriatim.Tensors;

/// <summary><c>value = d · q</c>: d binary16, then 32 signed bytes.</summary>
internal readonly unsafe struct Q8_0 : IBlockFormat
{
    public static BlockType Type => BlockType.Q8_0;

    public static int Values => 32;

    public static int Bytes => 34;

    public static int GroupValues => 32;

    public static int CodeBits => 8;

    public static int Bias => 128;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => false;

    public static bool HasMinimums => false;

    public static bool HasPlainScales => true;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        parts->GroupScales[0] = 1;
        for (int i = 0; i < 32; i++)
            parts->Codes[i] = (byte)(block[2 + i] ^ 0x80);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        for (int i = 0; i < 32; i++)
            block[2 + i] = (byte)(parts->Codes[i] ^ 0x80);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<Q8_0>.Nearest(values, 127, parts);
}
