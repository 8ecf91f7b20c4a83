using System.Text;

namespace Seriatim;

/// <summary>
/// Small letters as Python makes them, which sentence models were trained with: Σ at the end of a word is ς, İ is i with a dot.
/// </summary>
internal static class SmallLetters
{
    public static string Of(string text)
    {
        if (!text.AsSpan().ContainsAny('Σ', 'İ'))
            return text.ToLowerInvariant();
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == 'İ')
                result.Append("i\u0307");
            else if (text[i] == 'Σ')
                result.Append(IsCased(text, i - 1, -1) && !IsCased(text, i + 1, 1) ? 'ς' : 'σ');
            else
                result.Append(text[i]);
        }

        return result.ToString().ToLowerInvariant();
    }

    /// <summary>Whether the next character that counts is a letter with a case; marks and apostrophes do not count.</summary>
    private static bool IsCased(string text, int from, int step)
    {
        for (int i = from; (uint)i < (uint)text.Length; i += step)
        {
            if (text[i] is '\'' or '.' or ':' or '·' or '’'
                || char.GetUnicodeCategory(text[i]) is System.Globalization.UnicodeCategory.NonSpacingMark
                    or System.Globalization.UnicodeCategory.EnclosingMark or System.Globalization.UnicodeCategory.Format
                    or System.Globalization.UnicodeCategory.ModifierLetter or System.Globalization.UnicodeCategory.ModifierSymbol)
                continue;
            return char.IsUpper(text[i]) || char.IsLower(text[i]);
        }

        return false;
    }
}
