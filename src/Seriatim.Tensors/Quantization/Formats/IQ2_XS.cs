namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d / 8 · (2 s + 1) · ±level</c>: d binary16; 32 words with a point of 8 values in 9 bits and 7 signs; then s, 4 bits
/// for each 16 values.
/// </summary>
internal readonly unsafe struct IQ2_XS : ISignedBookFormat
{
    private static readonly CodeBook Book = SignedBook.Of(CodeBookPoints.Magnitudes512);

    public static BlockType Type => BlockType.IQ2_XS;

    public static int Bytes => 74;

    public static int GroupValues => 16;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        ushort* words = (ushort*)(block + 2);
        for (int i = 0; i < 32; i++)
            *(ulong*)(parts->Codes + 8 * i) = Book[words[i] & 511] | CodeBook.Signs(CodeBook.EvenSigns(words[i] >> 9));
        SignedBook.OpenScales(block + 66, parts);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        ushort* words = (ushort*)(block + 2);
        for (int i = 0; i < 32; i++)
        {
            byte* codes = parts->Codes + 8 * i;
            words[i] = (ushort)(Book.IndexOf(codes) | (CodeBook.SignsOf(codes) & 127) << 9);
        }

        SignedBook.CloseScales(parts, block + 66);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ2_XS>.Encode(values, parts);

    public static double Choose(ReadOnlySpan<float> values, byte* codes) =>
        SignedBook.Choose(Book, values, even: true, codes);
}
