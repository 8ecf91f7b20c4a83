namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · (q - 1)</c> with q in 0 to 2: 48 bytes of five and 4 bytes of four values each in base 3, d binary16.
/// </summary>
internal readonly unsafe struct TQ1_0 : IBlockFormat
{
    public static BlockType Type => BlockType.TQ1_0;

    public static int Values => 256;

    public static int Bytes => 54;

    public static int GroupValues => 32;

    public static int CodeBits => 2;

    public static int Bias => 1;

    public static ReadOnlySpan<sbyte> Levels => [];

    public static bool HasGroupScales => false;

    public static bool HasMinimums => false;

    /// <summary>
    /// Powers of 3; a byte holds <c>⌈256 · (digits as a fraction of 1)⌉</c>, so a digit is read by a product that overflows.
    /// </summary>
    private static ReadOnlySpan<byte> Powers => [1, 3, 9, 27, 81];

    public static void Open(byte* block, BlockParts* parts)
    {
        for (int i = 0; i < 256; i++)
        {
            (int at, int digit) = Place(i);
            byte rest = (byte)(block[at] * Powers[digit]);
            parts->Codes[i] = (byte)((rest * 3) >> 8);
        }

        parts->Scale = *(ushort*)(block + 52);
        new Span<sbyte>(parts->GroupScales, 16).Fill(1);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        int* numbers = stackalloc int[52];
        new Span<int>(numbers, 52).Clear();
        for (int i = 0; i < 256; i++)
        {
            (int at, int digit) = Place(i);
            numbers[at] += parts->Codes[i] * Powers[4 - digit];
        }

        for (int at = 0; at < 52; at++)
            block[at] = (byte)((numbers[at] * 256 + 242) / 243);
        *(ushort*)(block + 52) = (ushort)parts->Scale;
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => BlockEncoder<TQ1_0>.Nearest(values, 1, parts);

    /// <summary>160 values in the first 32 bytes, 80 in the next 16, 16 in the last 4.</summary>
    private static (int Byte, int Digit) Place(int i) => i switch
    {
        < 160 => (i % 32, i / 32),
        < 240 => (32 + (i - 160) % 16, (i - 160) / 16),
        _ => (48 + (i - 240) % 4, (i - 240) / 4),
    };
}
