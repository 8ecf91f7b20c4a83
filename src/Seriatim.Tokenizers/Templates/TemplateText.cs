using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Strings as Python sees them: sequences of code points.</summary>
internal static class TemplateText
{
    /// <summary>Whether every char is a code point of its own.</summary>
    public static bool IsFlat(string text) => text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff') < 0;

    /// <summary>Number of code points.</summary>
    public static int Length(string text)
    {
        if (IsFlat(text))
            return text.Length;
        int pairs = 0;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
            {
                pairs++;
                i++;
            }
        }

        return text.Length - pairs;
    }

    /// <summary>The code points, each as a string.</summary>
    public static List<string> Points(string text)
    {
        var points = new List<string>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            int length = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
            points.Add(length == 2 ? text.Substring(i, 2) : char.ToString(text[i]));
            i += length - 1;
        }

        return points;
    }

    /// <summary>Where a code point begins, counted in chars; the length of the text if it has fewer.</summary>
    public static int CharOf(string text, int point)
    {
        if (IsFlat(text))
            return Math.Min(point, text.Length);
        int at = 0;
        for (; point > 0 && at < text.Length; point--)
            at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        return at;
    }

    /// <summary>The order by code points; UTF-16 puts those beyond the first plane before U+E000.</summary>
    public static int Compare(string a, string b)
    {
        int common = a.AsSpan().CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
            return a.Length.CompareTo(b.Length);
        char x = a[common], y = b[common];
        return (Weight(x), x).CompareTo((Weight(y), y));

        static int Weight(char c) => char.IsSurrogate(c) ? 1 : 0;
    }

    /// <summary>White space as <c>str.isspace</c> has it.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>Whether <c>repr</c> writes it as it is.</summary>
    public static bool IsPrintable(Rune rune) =>
        rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control
            or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    /// <summary>Whether a code point is a digit, if need be one with a circle or a superscript.</summary>
    public static bool IsDigit(Rune rune) => CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0;

    /// <summary>Whether a code point has a numeric value.</summary>
    public static bool IsNumeric(Rune rune) => CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) != -1;

    /// <summary>Whether a code point is a Chinese character, some of which Python counts as numbers.</summary>
    public static bool IsIdeograph(Rune rune) =>
        rune.Value is (>= 0x3400 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or >= 0x20000;

    /// <summary>Letters and numbers.</summary>
    public static bool IsAlphanumeric(Rune rune) => Rune.IsLetter(rune) || IsNumeric(rune);

    /// <summary>Whether a code point has a case.</summary>
    public static bool IsCased(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    /// <summary>All cased letters are of one case, and there are some.</summary>
    public static bool IsAll(string text, UnicodeCategory wanted)
    {
        bool any = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!IsCased(rune))
                continue;
            if (Rune.GetUnicodeCategory(rune) != wanted)
                return false;
            any = true;
        }

        return any;
    }

    /// <summary>Strips white space or the given characters.</summary>
    public static string Strip(string text, string? characters, bool left, bool right)
    {
        int start = 0, end = text.Length;
        if (characters is null)
        {
            while (left && start < end && IsSpace(text[start]))
                start++;
            while (right && end > start && IsSpace(text[end - 1]))
                end--;
            return text[start..end];
        }

        if (IsFlat(characters) && IsFlat(text))
        {
            char[] set = characters.ToCharArray();
            if (set.Length == 0)
                return text;
            text = left ? text.TrimStart(set) : text;
            return right ? text.TrimEnd(set) : text;
        }

        List<string> points = Points(text);
        var wanted = Points(characters).ToHashSet();
        end = points.Count;
        while (left && start < end && wanted.Contains(points[start]))
            start++;
        while (right && end > start && wanted.Contains(points[end - 1]))
            end--;
        return string.Concat(points[start..end]);
    }

    /// <summary>
    /// The words between white space, at most so many cuts (from the end if wanted); what is left keeps its inner blanks.
    /// </summary>
    public static List<object?> Words(string text, long most, bool fromEnd)
    {
        var words = new List<object?>();
        int start = 0, end = text.Length;
        while (true)
        {
            while (!fromEnd && start < end && IsSpace(text[start]))
                start++;
            while (fromEnd && end > start && IsSpace(text[end - 1]))
                end--;
            if (start >= end)
                break;
            int cut = fromEnd ? end : start;
            if (words.Count >= most)
                cut = fromEnd ? start : end;
            else if (fromEnd)
                while (cut > start && !IsSpace(text[cut - 1]))
                    cut--;
            else
                while (cut < end && !IsSpace(text[cut]))
                    cut++;
            words.Add(fromEnd ? text[cut..end] : text[start..cut]);
            (start, end) = fromEnd ? (start, cut) : (cut, end);
            if (words.Count > most)
                break;
        }

        if (fromEnd)
            words.Reverse();
        return words;
    }

    /// <summary>The lines of a text, with their ends if wanted.</summary>
    public static List<object?> Lines(string text, bool keepEnds = false)
    {
        var lines = new List<object?>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029'))
                continue;
            int next = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text[start..(keepEnds ? next : i)]);
            start = next;
            i = next - 1;
        }

        if (start < text.Length)
            lines.Add(text[start..]);
        return lines;
    }

    /// <summary>For HTML.</summary>
    public static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);
}
