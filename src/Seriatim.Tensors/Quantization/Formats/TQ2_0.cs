namespace Seriatim.Tensors;

/// <summary><c>value = d · (q - 1)</c>: 64 bytes of codes, d binary16.</summary>
internal readonly unsafe struct TQ2_0 : IBlockFormat
{
    public static BlockType Type => BlockType.TQ2_0;

    public static int Values => 256;

    public static int Bytes => 66;

    public static int GroupValues => 32;

    public static int CodeBits => 2;

    public static int Bias => 1;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => false;

    public static bool HasMinimums => false;

    public static void Open(byte* block, BlockParts* parts)
    {
        Pairs.Open(block, parts->Codes);
        parts->Scale = *(ushort*)(block + 64);
        new Span<sbyte>(parts->GroupScales, 16).Fill(1);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        Pairs.Close(parts->Codes, block);
        *(ushort*)(block + 64) = (ushort)parts->Scale;
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<TQ2_0>.Nearest(values, 1, parts);
}
