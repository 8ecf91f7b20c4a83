using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Unicode classes of characters by table: one byte for every BMP char, the category for the rest.</summary>
internal static class CharClasses
{
    /// <summary>\p{L}.</summary>
    public const byte Letter = 1;

    /// <summary>\p{N}.</summary>
    public const byte Number = 2;

    /// <summary>\s: the property White_Space.</summary>
    public const byte Space = 4;

    /// <summary>[\r\n].</summary>
    public const byte NewLine = 8;

    /// <summary>\p{M}.</summary>
    public const byte Mark = 16;

    /// <summary>\p{P}.</summary>
    public const byte Punctuation = 32;

    /// <summary>\p{S}.</summary>
    public const byte Symbol = 64;

    /// <summary>\p{C}.</summary>
    public const byte Other = 128;

    private static readonly byte[] Table = MakeTable();

    /// <summary>Classes of a BMP char (of a surrogate: <see cref="Other"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Of(char c) => Table[c];

    /// <summary>Classes of any character.</summary>
    public static byte Of(Rune rune) => rune.IsBmp ? Table[rune.Value] : Of(Rune.GetUnicodeCategory(rune));

    /// <summary>Classes and length of the character at <paramref name="index"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte At(ReadOnlySpan<char> text, int index, out int length)
    {
        char c = text[index];
        length = 1;
        return char.IsSurrogate(c) ? Pair(text, index, out length) : Table[c];
    }

    /// <summary>The character at <paramref name="index"/>; a lone surrogate reads as U+FFFD.</summary>
    public static Rune RuneAt(ReadOnlySpan<char> text, int index)
    {
        Rune.DecodeFromUtf16(text[index..], out Rune rune, out _);
        return rune;
    }

    /// <summary>
    /// Whether a character is part of a word as \w of Rust's regex crate has it (UTS 18): alphabetic characters, marks, decimal
    /// digits, connectors and the two joiners. Whitespace pre-tokenizers and words that stand alone mean this one; in patterns of
    /// files \w is Oniguruma's, see <see cref="RegexClasses"/>.
    /// </summary>
    public static bool IsWord(Rune rune) =>
        (Of(rune) & (Letter | Mark)) != 0 || rune.Value is '\u200C' or '\u200D' || IsAlphabeticSymbol(rune.Value)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation
            or UnicodeCategory.LetterNumber;

    /// <summary>Whether a code point is a symbol that counts as alphabetic: a letter in a circle or a square.</summary>
    public static bool IsAlphabeticSymbol(int c) => c is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149)
        or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    /// <summary>Whether a code point is an ideograph as BERT counts them.</summary>
    public static bool IsIdeograph(int c) =>
        c is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
            or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF)
            or (>= 0x2F800 and <= 0x2FA1F);

    private static byte Pair(ReadOnlySpan<char> text, int index, out int length)
    {
        if (Rune.DecodeFromUtf16(text[index..], out Rune rune, out length) != System.Buffers.OperationStatus.Done)
        {
            length = 1;
            return Other;
        }

        return Of(rune);
    }

    private static byte[] MakeTable()
    {
        var table = new byte[65536];
        for (int c = 0; c < table.Length; c++)
        {
            table[c] = Of(CharUnicodeInfo.GetUnicodeCategory((char)c));
            if (char.IsWhiteSpace((char)c))
            {
                table[c] |= Space;
            }
        }

        table['\r'] |= NewLine;
        table['\n'] |= NewLine;
        return table;
    }

    private static byte Of(UnicodeCategory category) => category switch
    {
        <= UnicodeCategory.OtherLetter => Letter,
        <= UnicodeCategory.EnclosingMark => Mark,
        <= UnicodeCategory.OtherNumber => Number,
        <= UnicodeCategory.ParagraphSeparator => 0,
        <= UnicodeCategory.PrivateUse => Other,
        <= UnicodeCategory.OtherPunctuation => Punctuation,
        <= UnicodeCategory.OtherSymbol => Symbol,
        _ => Other,
    };
}
