namespace Seriatim.Tokenizers;

/// <summary>Puts quotes around the numbers Python writes and JSON does not have: NaN, Infinity, -Infinity.</summary>
internal static class LenientNumbers
{
    private static ReadOnlySpan<byte> Delimiters => " \t\r\n,]}"u8;

    /// <summary>The text itself, or a copy with quotes.</summary>
    public static ReadOnlyMemory<byte> Quote(ReadOnlyMemory<byte> utf8)
    {
        ReadOnlySpan<byte> text = utf8.Span;
        if (text.IndexOf("NaN"u8) < 0 && text.IndexOf("Infinity"u8) < 0)
        {
            return utf8;
        }

        var quoted = new List<byte>(text.Length + 16);
        for (int i = 0; i < text.Length;)
        {
            int length = text[i] == '"' ? StringAt(text[i..]) : NumberAt(text[i..]);
            if (length > 0 && text[i] != '"')
            {
                quoted.Add((byte)'"');
                quoted.AddRange(text.Slice(i, length));
                quoted.Add((byte)'"');
            }
            else
            {
                length = Math.Max(1, length);
                quoted.AddRange(text.Slice(i, length));
            }

            i += length;
        }

        return quoted.ToArray();
    }

    private static int StringAt(ReadOnlySpan<byte> text)
    {
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '"')
            {
                return i + 1;
            }
        }

        return text.Length;
    }

    private static int NumberAt(ReadOnlySpan<byte> text)
    {
        int length = text.StartsWith("NaN"u8) ? 3 : text.StartsWith("Infinity"u8) ? 8 : text.StartsWith("-Infinity"u8) ? 9 : 0;
        return length > 0 && (length == text.Length || Delimiters.Contains(text[length])) ? length : 0;
    }
}
