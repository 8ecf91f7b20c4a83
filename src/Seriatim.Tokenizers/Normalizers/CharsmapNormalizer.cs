using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// The precompiled character map of SentencePiece: a double array over UTF-8 bytes whose leaves point to replacement strings.
/// SentencePiece replaces the longest mapped prefix at every place, and leaves symbols alone that the user defined. Hugging
/// Face's <c>Precompiled</c> goes by grapheme: one of less than six bytes becomes whatever its shortest mapped prefix becomes,
/// all of it; of others every character is replaced by itself.
/// </summary>
/// <remarks>
/// A unit of the array holds, as in the Darts-clone library: label in bits 0-7 and bit 31, "has a leaf" in bit 8, the offset to
/// the children in bits 10-30, shifted by 8 more if bit 9 is set; in a leaf, bits 0-30 are the value.
/// </remarks>
internal sealed class CharsmapNormalizer : INormalizer
{
    private readonly uint[] _units;
    private readonly byte[] _strings;
    private readonly bool _byGrapheme;
    private readonly PieceTrie? _symbols;

    /// <summary>Reads the map.</summary>
    /// <param name="map">The map.</param>
    /// <param name="file">For errors.</param>
    /// <param name="component">For errors.</param>
    /// <param name="byGrapheme">As Hugging Face applies it.</param>
    /// <param name="symbols">Pieces that are left as they are.</param>
    /// <exception cref="TokenizerFormatException">It is cut off or inconsistent.</exception>
    public CharsmapNormalizer(ReadOnlySpan<byte> map, string file, string component, bool byGrapheme = false,
        PieceTrie? symbols = null)
    {
        uint size = map.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(map);
        if (size > (uint)map.Length - 4 || size % 4 != 0)
        {
            throw new TokenizerFormatException(file, component,
                $"the character map says its array has {size} bytes, but only {Math.Max(0, map.Length - 4)} follow; "
                    + "the file is damaged.");
        }

        (_byGrapheme, _symbols) = (byGrapheme, symbols);
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
        text.BeginRewrite();
        if (_byGrapheme)
        {
            ByGrapheme(text);
        }
        else
        {
            ByPrefix(text);
        }

        text.EndRewrite();
    }

    /// <summary>What becomes of a string.</summary>
    public string Replace(string text)
    {
        var aligned = new AlignedText();
        aligned.Load(text, 0, false);
        Normalize(aligned);
        return aligned.Span.ToString();
    }

    private void ByPrefix(AlignedText text)
    {
        byte[] utf8 = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int bytes = Encoding.UTF8.GetBytes(text.Span, utf8);
        ReadOnlySpan<byte> source = utf8.AsSpan(0, bytes);
        int at = 0;
        for (int i = 0; i < bytes;)
        {
            int symbol = _symbols?.LongestMatch(text.Span[at..], out _) ?? 0;
            if (symbol > 0)
            {
                i += Encoding.UTF8.GetByteCount(text.Span.Slice(at, symbol));
                text.Keep(at, at + symbol);
                at += symbol;
                continue;
            }

            int matched = Match(source[i..], longest: true, out string? replacement);
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
    }

    private void ByGrapheme(AlignedText text)
    {
        const int LongestMapped = 5;
        Span<byte> utf8 = stackalloc byte[LongestMapped];
        for (int at = 0; at < text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text.Span[at..]);
            bool small = Encoding.UTF8.TryGetBytes(text.Span.Slice(at, length), utf8, out int bytes);
            if (small && Match(utf8[..bytes], longest: false, out string? replacement) > 0)
            {
                text.Emit(replacement, at, at + length);
                at += length;
                continue;
            }

            for (int end = at + length; at < end;)
            {
                Rune.DecodeFromUtf16(text.Span[at..end], out Rune rune, out int used);
                if (Match(utf8[..rune.EncodeToUtf8(utf8)], longest: false, out replacement) > 0)
                {
                    text.Emit(replacement, at, at + used);
                }
                else
                {
                    text.Keep(at, at + used);
                }

                at += used;
            }
        }
    }

    /// <summary>Length in bytes of the longest (or shortest) mapped prefix (0 if none) and what it becomes.</summary>
    private int Match(ReadOnlySpan<byte> text, bool longest, out string? replacement)
    {
        replacement = null;
        if (_units.Length == 0)
        {
            return 0;
        }

        int found = 0;
        uint value = 0;
        uint node = Offset(_units[0]);
        for (int i = 0; i < text.Length && (longest || found == 0); i++)
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
                found = i + 1;
                value = _units[node] & 0x7FFFFFFF;
            }
        }

        // A key may end inside a character only in a broken map; such a match is ignored, as is a value out of range.
        if (found == 0 || value >= _strings.Length || (found < text.Length && (text[found] & 0xC0) == 0x80))
        {
            return 0;
        }

        ReadOnlySpan<byte> rest = _strings.AsSpan((int)value);
        replacement = Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
        return found;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    private static int LengthOf(byte first) => first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}
