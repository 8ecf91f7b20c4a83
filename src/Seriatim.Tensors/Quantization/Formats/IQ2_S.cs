namespace Seriatim.Tensors;

/// <summary>
/// <c>value = d / 8 · (2 s + 1) · ±level</c>: d binary16; 32 bytes of points of 8 values, 32 of signs, 8 with two more bits of
/// each point; then s, 4 bits for each 16 values.
/// </summary>
internal readonly unsafe struct IQ2_S : ISignedBookFormat
{
    private static readonly CodeBook Book = SignedBook.Of(CodeBookPoints.Magnitudes1024);

    public static BlockType Type => BlockType.IQ2_S;

    public static int Bytes => 82;

    public static int GroupValues => 16;

    public static void Open(byte* block, BlockParts* parts)
    {
        parts->Scale = *(ushort*)block;
        for (int i = 0; i < 32; i++)
        {
            int index = block[2 + i] | (block[66 + i / 4] >> (2 * (i % 4)) & 3) << 8;
            *(ulong*)(parts->Codes + 8 * i) = Book[index] | CodeBook.Signs(block[34 + i]);
        }

        SignedBook.OpenScales(block + 74, parts);
    }

    public static void Close(BlockParts* parts, byte* block)
    {
        *(ushort*)block = (ushort)parts->Scale;
        new Span<byte>(block + 66, 8).Clear();
        for (int i = 0; i < 32; i++)
        {
            byte* codes = parts->Codes + 8 * i;
            int index = Book.IndexOf(codes);
            block[2 + i] = (byte)index;
            block[34 + i] = (byte)CodeBook.SignsOf(codes);
            block[66 + i / 4] |= (byte)(index >> 8 << (2 * (i % 4)));
        }

        SignedBook.CloseScales(parts, block + 74);
    }

    public static void Encode(ReadOnlySpan<float> values, BlockParts* parts) => CodeBookEncoder<IQ2_S>.Encode(values, parts);

    public static double Choose(ReadOnlySpan<float> values, byte* codes) =>
        SignedBook.Choose(Book, values, even: false, codes);
}
