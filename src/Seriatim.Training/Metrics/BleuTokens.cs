using System.Text;
using System.Text.RegularExpressions;

namespace Seriatim.Training;

/// <summary>The tokenizers of sacreBLEU (Post, 2018): mteval-v13a, zh and char.</summary>
internal static partial class BleuTokens
{
    public static string[] Split(string text, BleuTokenizer tokenizer) => (tokenizer switch
    {
        BleuTokenizer.Mteval13A => Mteval(text),
        BleuTokenizer.Chinese => Western(Chinese(text.Trim())),
        _ => string.Join(' ', text.EnumerateRunes().Select(r => r.ToString())),
    }).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static string Mteval(string text)
    {
        text = text.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal)
            .Replace('\n', ' ');
        if (text.Contains('&'))
        {
            text = text.Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
                .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
        }

        return Western($" {text} ");
    }

    /// <summary>The rules for western text that 13a and zh share, in their order.</summary>
    private static string Western(string text)
    {
        text = Symbols().Replace(text, " $1 ");
        text = MarkAfterOther().Replace(text, "$1 $2 ");
        text = MarkBeforeOther().Replace(text, " $1 $2");
        return DashAfterDigit().Replace(text, "$1 $2 ");
    }

    private static string Chinese(string text)
    {
        var spaced = new StringBuilder(text.Length * 2);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsChinese(rune.Value))
                spaced.Append(' ').Append(rune.ToString()).Append(' ');
            else
                spaced.Append(rune.ToString());
        }

        return spaced.ToString();
    }

    /// <summary>The ranges of sacreBLEU's zh tokenizer: ideographs, radicals, CJK and full-width punctuation, bopomofo.</summary>
    private static bool IsChinese(int c) => c is >= 0x3400 and <= 0x4DB5 or >= 0x4E00 and <= 0x9FA5 or >= 0x9FA6 and <= 0x9FBB
        or >= 0xF900 and <= 0xFA2D or >= 0xFA30 and <= 0xFA6A or >= 0xFA70 and <= 0xFAD9 or >= 0x20000 and <= 0x2A6D6
        or >= 0x2F800 and <= 0x2FA1D or >= 0xFF00 and <= 0xFFEF or >= 0x2E80 and <= 0x2EFF or >= 0x3000 and <= 0x303F
        or >= 0x31C0 and <= 0x31EF or >= 0x2F00 and <= 0x2FDF or >= 0x2FF0 and <= 0x2FFF or >= 0x3100 and <= 0x312F
        or >= 0x31A0 and <= 0x31BF or >= 0xFE10 and <= 0xFE1F or >= 0xFE30 and <= 0xFE4F or >= 0x2600 and <= 0x26FF
        or >= 0x2700 and <= 0x27BF or >= 0x3200 and <= 0x32FF or >= 0x3300 and <= 0x33FF;

    [GeneratedRegex(@"([\{-\~\[-\` -\&\(-\+\:-\@\/])")]
    private static partial Regex Symbols();

    [GeneratedRegex(@"([^0-9])([\.,])")]
    private static partial Regex MarkAfterOther();

    [GeneratedRegex(@"([\.,])([^0-9])")]
    private static partial Regex MarkBeforeOther();

    [GeneratedRegex(@"([0-9])(-)")]
    private static partial Regex DashAfterDigit();
}
