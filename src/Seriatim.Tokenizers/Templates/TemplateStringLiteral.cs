using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// The escapes of string literals, as Python's <c>unicode-escape</c> reads them after all beyond ASCII was escaped itself.
/// </summary>
internal static class TemplateStringLiteral
{
    /// <summary>Replaces the escapes of what stands between the quotes.</summary>
    public static string Unescape(string raw, int line)
    {
        if (!raw.Contains('\\', StringComparison.Ordinal))
            return raw;
        var text = new StringBuilder(raw.Length);
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\\')
                i += Escape(text, raw, i + 1, line);
            else
                text.Append(raw[i]);
        }

        return text.ToString();
    }

    /// <summary>Appends what the escape at a place means, and gives the number of chars after the backslash.</summary>
    private static int Escape(StringBuilder text, string raw, int at, int line)
    {
        char c = raw[at];
        switch (c)
        {
            case '\n':
                return 1;
            case '\\' or '\'' or '"':
                text.Append(c);
                return 1;
            case 'a' or 'b' or 'f' or 'n' or 'r' or 't' or 'v':
                text.Append(c switch { 'a' => '\a', 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', _ => '\v' });
                return 1;
            case >= '0' and <= '7':
                int length = 1;
                while (length < 3 && at + length < raw.Length && raw[at + length] is >= '0' and <= '7')
                    length++;
                text.Append((char)raw.AsSpan(at, length).ToArray().Aggregate(0, (value, digit) => (value * 8) + digit - '0'));
                return length;
            case 'x' or 'u' or 'U':
                int digits = c switch { 'x' => 2, 'u' => 4, _ => 8 };
                if (at + digits >= raw.Length
                    || !int.TryParse(raw.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                        out int code)
                    || code is < 0 or > 0x10FFFF)
                    throw new ChatTemplateException($"\\{c} in a string needs {digits} hexadecimal digits of a character", line);
                text.Append(code > 0xFFFF ? char.ConvertFromUtf32(code) : ((char)code).ToString());
                return digits + 1;
            case 'N':
                throw new ChatTemplateException("\\N{...} in strings is not supported; write the character itself", line);
            default:
                // A backslash before any other character stays; one beyond ASCII comes out as the escape that Python makes of it.
                bool pair = at + 1 < raw.Length && char.IsSurrogatePair(raw[at], raw[at + 1]);
                int value = pair ? char.ConvertToUtf32(c, raw[at + 1]) : c;
                text.Append('\\').Append(value < 128 ? c.ToString()
                    : (value > 0xFFFF ? 'U' + value.ToString("x8", CultureInfo.InvariantCulture)
                        : value > 0xFF ? 'u' + value.ToString("x4", CultureInfo.InvariantCulture)
                        : 'x' + value.ToString("x2", CultureInfo.InvariantCulture)));
                return pair ? 2 : 1;
        }
    }
}
