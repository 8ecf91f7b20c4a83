namespace Seriatim.Tensors;

/// <summary>
/// Codes of 2 bits as super-blocks hold them: byte j of each 32 has values j, j + 32, j + 64 and j + 96 of its 128.
/// </summary>
internal static unsafe class Pairs
{
    public static void Open(byte* bytes, byte* codes)
    {
        for (int i = 0; i < 256; i++)
            codes[i] = (byte)((bytes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3);
    }

    /// <summary>Higher bits of the codes are left out.</summary>
    public static void Close(byte* codes, byte* bytes)
    {
        new Span<byte>(bytes, 64).Clear();
        for (int i = 0; i < 256; i++)
            bytes[i / 128 * 32 + i % 32] |= (byte)((codes[i] & 3) << (i % 128 / 32 * 2));
    }
}
