namespace Seriatim.Tensors;

/// <summary>Codes of 4 bits: byte j holds value j in its low half and value j + count in its high one.</summary>
internal static unsafe class Nibbles
{
    /// <summary>The levels of the IQ4 formats.</summary>
    public static ReadOnlySpan<sbyte> UnequalLevels =>
        [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public static void Open(byte* bytes, int count, byte* codes)
    {
        for (int j = 0; j < count; j++)
        {
            codes[j] = (byte)(bytes[j] & 15);
            codes[j + count] = (byte)(bytes[j] >> 4);
        }
    }

    /// <summary>Higher bits of the codes are left out.</summary>
    public static void Close(byte* codes, int count, byte* bytes)
    {
        for (int j = 0; j < count; j++)
            bytes[j] = (byte)((codes[j] & 15) | (codes[j + count] << 4));
    }

    /// <summary>Adds bit 4 of 32 codes, value j in bit j.</summary>
    public static void OpenHighBits(byte* bytes, byte* codes)
    {
        for (int j = 0; j < 32; j++)
            codes[j] |= (byte)(((bytes[j / 8] >> (j % 8)) & 1) << 4);
    }

    /// <summary>Stores bit 4 of 32 codes.</summary>
    public static void CloseHighBits(byte* codes, byte* bytes)
    {
        new Span<byte>(bytes, 4).Clear();
        for (int j = 0; j < 32; j++)
            bytes[j / 8] |= (byte)(((codes[j] >> 4) & 1) << (j % 8));
    }
}
