namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d · (2 s + 1) · ±level</c>: d binary16; 64 bytes of points of 4 values, 8 with one more bit of each, 32 of signs;
/// then s, 4 bits for each 32 values.
/// </summary>
internal readonly unsafe struct IQ3_S : ICodeBookFormat
{
    private static readonly CodeBook Book = new(CodeBookPoints.Fours512, 4, [1, 3, 5, 7, 9, 11, 13, 15]);

    public static BlockType Type => BlockType.IQ3_S;

    public static int Values => 256;

    public static int Bytes => 110;

    public static int GroupValues => 32;

    public static int CodeBits => 4;

    public static int Bias => 15;

    public static ReadOnlySpan<sbyte> Levels => [1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15];

    public static bool HasGroupScales => true;

    public static bool HasMinimums => false;

    public static int LargestStep => 15;

    public static ReadOnlySpan<float> Tops => [15, 14, 13, 12, 11, 9, 7, 5, 3, 1];

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        for (int i = 0; i < 32; i++)
        {
            byte* points = block + 2 + 2 * i;
            int high = block[66 + i / 4] >> (2 * (i % 4));
            *(ulong*)(parts->Codes + 8 * i) = Book[points[0] | (high & 1) << 8] | Book[points[1] | (high & 2) << 7] << 32
                | CodeBook.Signs(block[74 + i]);
        }

        for (int group = 0; group < 8; group++)
            parts->GroupScales[group] = (sbyte)(2 * (block[106 + group / 2] >> (4 * (group % 2)) & 15) + 1);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        new Span<byte>(block + 66, 8).Clear();
        for (int i = 0; i < 32; i++)
        {
            byte* codes = parts->Codes + 8 * i;
            (int first, int second) = (Book.IndexOf(codes), Book.IndexOf(codes + 4));
            block[2 + 2 * i] = (byte)first;
            block[3 + 2 * i] = (byte)second;
            block[66 + i / 4] |= (byte)((first >> 8 | second >> 8 << 1) << (2 * (i % 4)));
            block[74 + i] = (byte)CodeBook.SignsOf(codes);
        }

        for (int pair = 0; pair < 4; pair++)
            block[106 + pair] = (byte)(parts->GroupScales[2 * pair] / 2 | parts->GroupScales[2 * pair + 1] / 2 << 4);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ3_S>.Encode(values, parts);

    public static double Choose(ReadOnlySpan<float> values, byte* codes)
    {
        double error = 0;
        for (int i = 0; i < values.Length; i += 8)
            error += Book.NearestSigned(values[i..], even: false, codes + i);
        return error;
    }
}
