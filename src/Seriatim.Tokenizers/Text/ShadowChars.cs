using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// A BMP char of the same general category for every character beyond the BMP. The chars are chosen outside the literal
/// ranges that public tokenizer patterns use, except where the pattern means the character itself: CJK ideographs stay
/// ideographs (a compatibility ideograph stands for them) and the cased scripts listed by DeepSeek-LLM stay full-width Latin.
/// </summary>
internal static class ShadowChars
{
    /// <summary>The char that stands for <paramref name="rune"/>.</summary>
    public static char Of(Rune rune)
    {
        int c = rune.Value;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter => InCasedScripts(c) ? '\uFF21' : '\uA790',
            UnicodeCategory.LowercaseLetter => InCasedScripts(c) ? '\uFF41' : '\uA791',
            UnicodeCategory.OtherLetter => c is >= 0x20000 and <= 0x3FFFF ? '\uF900' : '\u07CA',
            UnicodeCategory.ModifierLetter => '\u02B0',
            UnicodeCategory.NonSpacingMark => '\u0300',
            UnicodeCategory.SpacingCombiningMark => '\uA823',
            UnicodeCategory.EnclosingMark => '\u0488',
            UnicodeCategory.DecimalDigitNumber => '\u0660',
            UnicodeCategory.LetterNumber => '\uA6E6',
            UnicodeCategory.OtherNumber => '\u00B2',
            UnicodeCategory.OtherSymbol => CharClasses.IsAlphabeticSymbol(c) ? '\u24B6' : '\u00A9',
            UnicodeCategory.MathSymbol => '\u00AC',
            UnicodeCategory.ModifierSymbol => '\u00A8',
            UnicodeCategory.CurrencySymbol => '\u00A2',
            UnicodeCategory.OtherPunctuation => '\u00A7',
            UnicodeCategory.DashPunctuation => '\u058A',
            UnicodeCategory.Format => '\u00AD',
            UnicodeCategory.PrivateUse => '\uE000',
            _ => '\u0378',
        };
    }

    /// <summary>Whether a range beyond the BMP lies in the cased scripts that keep their meaning in a shadow.</summary>
    public static bool InCasedScripts(int c) =>
        c is (>= 0x10400 and <= 0x1044F) or (>= 0x104B0 and <= 0x104FB) or (>= 0x10C80 and <= 0x10CF2)
            or (>= 0x118A0 and <= 0x118DF) or (>= 0x1E900 and <= 0x1E943);
}
