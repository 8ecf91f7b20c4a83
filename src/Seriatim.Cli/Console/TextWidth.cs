using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace Seriatim.Cli;

/// <summary>How many columns of a terminal a text takes: letters of Chinese and most emoji take two, marks none.</summary>
internal static class TextWidth
{
    private const int EmojiStyle = 0xFE0F;

    public static int Of(string text)
    {
        int sum = 0;
        for (int i = 0, length; i < text.Length; i += length)
        {
            length = StringInfo.GetNextTextElementLength(text.AsSpan(i));
            sum += OfElement(text.AsSpan(i, length));
        }

        return sum;
    }

    /// <summary>Columns of what people see as one sign, e.g. a letter with its marks, or a family of emoji.</summary>
    public static int OfElement(ReadOnlySpan<char> element)
    {
        if (element is [>= ' ' and <= '~'])
            return 1;
        int most = 0;
        foreach (Rune rune in element.EnumerateRunes())
        {
            most = Math.Max(most, rune.Value == EmojiStyle ? 2 : OfRune(rune));
        }

        return most;
    }

    private static int OfRune(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.Control => 0,
        _ => Math.Clamp(new Segment(rune.ToString()).CellCount(), 1, 2),
    };
}
