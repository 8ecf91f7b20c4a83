namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d / 8 · (2 s + 1) · ±level</c>: d binary16; for each 32 values 4 bytes that say points of 8 values and 4 bytes with
/// 4 times 7 signs and s in the highest 4 bits.
/// </summary>
internal readonly unsafe struct IQ2_XXS : ISignedBookFormat
{
    private static readonly CodeBook Book = SignedBook.Of(CodeBookPoints.Magnitudes256);

    public static BlockType Type => BlockType.IQ2_XXS;

    public static int Bytes => 66;

    public static int GroupValues => 32;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        for (int group = 0; group < 8; group++)
        {
            byte* points = block + 2 + 8 * group;
            uint rest = *(uint*)(points + 4);
            parts->GroupScales[group] = (sbyte)(2 * (rest >> 28) + 1);
            for (int i = 0; i < 4; i++)
            {
                ulong signs = CodeBook.Signs(CodeBook.EvenSigns((int)(rest >> (7 * i) & 127)));
                *(ulong*)(parts->Codes + 32 * group + 8 * i) = Book[points[i]] | signs;
            }
        }
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        for (int group = 0; group < 8; group++)
        {
            byte* points = block + 2 + 8 * group;
            uint rest = (uint)(parts->GroupScales[group] / 2) << 28;
            for (int i = 0; i < 4; i++)
            {
                byte* codes = parts->Codes + 32 * group + 8 * i;
                points[i] = (byte)Book.IndexOf(codes);
                rest |= (uint)(CodeBook.SignsOf(codes) & 127) << (7 * i);
            }

            *(uint*)(points + 4) = rest;
        }
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ2_XXS>.Encode(values, parts);

    public static double Choose(ReadOnlySpan<float> values, byte* codes) =>
        SignedBook.Choose(Book, values, even: true, codes);
}
