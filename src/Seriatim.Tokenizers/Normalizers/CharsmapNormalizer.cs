using System.Buffers.Binary;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// The precompiled character map of SentencePiece: a double array over UTF-8 bytes whose leaves point to replacement strings.
/// At every place the longest mapped prefix is replaced.
/// </summary>
/// <remarks>
/// A unit of the array holds, as in the Darts-clone library: label in bits 0-7 and bit 31, "has a leaf" in bit 8, the offset to
/// the children in bits 10-30, shifted by 8 more if bit 9 is set; in a leaf, bits 0-30 are the value.
/// </remarks>
internal sealed class CharsmapNormalizer : INormalizer
{
    private readonly uint[] _units;
    private readonly byte[] _strings;

    /// <summary>Reads the map.</summary>
    /// <exception cref="TokenizerFormatException">It is cut off or inconsistent.</exception>
    public CharsmapNormalizer(ReadOnlySpan<byte> map, string file, string component)
    {
        uint size = map.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(map);
        if (size > (uint)map.Length - 4 || size % 4 != 0)
        {
            throw new TokenizerFormatException(file, component,
                $"the character map says its array has {size} bytes, but only {Math.Max(0, map.Length - 4)} follow; the file is damaged.");
        }

        _units = new uint[size / 4];
        for (int i = 0; i < _units.Length; i++)
        {
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map[(4 + (4 * i))..]);
        }

        _strings = map[(4 + (int)size)..].ToArray();
        if (_strings.Length > 0 && _strings[^1] != 0)
        {
            _strings = [.. _strings, 0];
        }
    }

    /// <inheritdoc/>
    public void Normalize(AlignedText text)
    {
        int length = text.Length;
        byte[] utf8 = new byte[Encoding.UTF8.GetMaxByteCount(length)];
        int bytes = Encoding.UTF8.GetBytes(text.Span, utf8);
        ReadOnlySpan<byte> source = utf8.AsSpan(0, bytes);
        text.BeginRewrite();
        int at = 0;
        for (int i = 0; i < bytes;)
        {
            int matched = Match(source[i..], out string? replacement);
            int used = matched > 0 ? matched : LengthOf(source[i]);
            int chars = Encoding.UTF8.GetCharCount(source.Slice(i, used));
            if (replacement is not null)
            {
                text.Emit(replacement, at, at + chars);
            }
            else
            {
                text.Keep(at, at + chars);
            }

            at += chars;
            i += used;
        }

        text.EndRewrite();
    }

    /// <summary>Length in bytes of the longest mapped prefix (0 if none) and what it becomes.</summary>
    private int Match(ReadOnlySpan<byte> text, out string? replacement)
    {
        replacement = null;
        if (_units.Length == 0)
        {
            return 0;
        }

        int longest = 0;
        uint value = 0;
        uint node = Offset(_units[0]);
        for (int i = 0; i < text.Length; i++)
        {
            node ^= text[i];
            if (text[i] == 0 || node >= _units.Length || (_units[node] & 0x800000FF) != text[i])
            {
                break;
            }

            bool leaf = ((_units[node] >> 8) & 1) != 0;
            node ^= Offset(_units[node]);
            if (leaf && node < _units.Length)
            {
                longest = i + 1;
                value = _units[node] & 0x7FFFFFFF;
            }
        }

        // A key may end inside a character only in a broken map; such a match is ignored, as is a value out of range.
        if (longest == 0 || value >= _strings.Length || (longest < text.Length && (text[longest] & 0xC0) == 0x80))
        {
            return 0;
        }

        ReadOnlySpan<byte> rest = _strings.AsSpan((int)value);
        replacement = Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
        return longest;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    private static int LengthOf(byte first) => first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}
