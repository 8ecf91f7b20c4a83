namespace Seriatim.Tokenizers;

/// <summary>
/// The byte alphabet of GPT-2: every byte has a visible char. The printable bytes of Latin-1 are themselves; the other 68, in
/// order, are U+0100 and up (so a blank is U+0120).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Chars = MakeChars();
    private static readonly short[] Bytes = MakeBytes();

    /// <summary>The char of every byte.</summary>
    public static ReadOnlySpan<char> All => Chars;

    /// <summary>The byte of a char, or -1.</summary>
    public static int ByteOf(char c) => c < Bytes.Length ? Bytes[c] : -1;

    /// <summary>Turns a token into bytes, one a char; false (and nothing useful) if a char is not of the alphabet.</summary>
    public static bool TryDecode(ReadOnlySpan<char> token, Span<byte> bytes)
    {
        for (int i = 0; i < token.Length; i++)
        {
            int value = ByteOf(token[i]);
            if (value < 0)
            {
                return false;
            }

            bytes[i] = (byte)value;
        }

        return true;
    }

    /// <summary>The visible form of bytes.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) =>
        string.Create(bytes.Length, bytes, static (chars, source) =>
        {
            for (int i = 0; i < source.Length; i++)
            {
                chars[i] = Chars[source[i]];
            }
        });

    private static char[] MakeChars()
    {
        var chars = new char[256];
        int hidden = 0;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            chars[b] = printable ? (char)b : (char)(256 + hidden++);
        }

        return chars;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[256 + 68];
        Array.Fill(bytes, (short)-1);
        for (int b = 0; b < 256; b++)
        {
            bytes[Chars[b]] = (short)b;
        }

        return bytes;
    }
}
