using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Upper, lower and title case as Python has them: with the mappings to several letters that the Unicode Character Database lists
/// in SpecialCasing.txt, which the platform leaves out.
/// </summary>
internal static class TemplateCasing
{
    /// <summary>Letters that become several in upper case: code points in hexadecimal.</summary>
    private const string Uppers =
        "00DF=0053+0053 0149=02BC+004E 01F0=004A+030C 0390=0399+0308+0301 03B0=03A5+0308+0301 0587=0535+0552 " +
        "1E96=0048+0331 1E97=0054+0308 1E98=0057+030A 1E99=0059+030A 1E9A=0041+02BE 1F50=03A5+0313 " +
        "1F52=03A5+0313+0300 1F54=03A5+0313+0301 1F56=03A5+0313+0342 1F80=1F08+0399 1F81=1F09+0399 1F82=1F0A+0399 " +
        "1F83=1F0B+0399 1F84=1F0C+0399 1F85=1F0D+0399 1F86=1F0E+0399 1F87=1F0F+0399 1F88=1F08+0399 1F89=1F09+0399 " +
        "1F8A=1F0A+0399 1F8B=1F0B+0399 1F8C=1F0C+0399 1F8D=1F0D+0399 1F8E=1F0E+0399 1F8F=1F0F+0399 1F90=1F28+0399 " +
        "1F91=1F29+0399 1F92=1F2A+0399 1F93=1F2B+0399 1F94=1F2C+0399 1F95=1F2D+0399 1F96=1F2E+0399 1F97=1F2F+0399 " +
        "1F98=1F28+0399 1F99=1F29+0399 1F9A=1F2A+0399 1F9B=1F2B+0399 1F9C=1F2C+0399 1F9D=1F2D+0399 1F9E=1F2E+0399 " +
        "1F9F=1F2F+0399 1FA0=1F68+0399 1FA1=1F69+0399 1FA2=1F6A+0399 1FA3=1F6B+0399 1FA4=1F6C+0399 1FA5=1F6D+0399 " +
        "1FA6=1F6E+0399 1FA7=1F6F+0399 1FA8=1F68+0399 1FA9=1F69+0399 1FAA=1F6A+0399 1FAB=1F6B+0399 1FAC=1F6C+0399 " +
        "1FAD=1F6D+0399 1FAE=1F6E+0399 1FAF=1F6F+0399 1FB2=1FBA+0399 1FB3=0391+0399 1FB4=0386+0399 1FB6=0391+0342 " +
        "1FB7=0391+0342+0399 1FBC=0391+0399 1FC2=1FCA+0399 1FC3=0397+0399 1FC4=0389+0399 1FC6=0397+0342 " +
        "1FC7=0397+0342+0399 1FCC=0397+0399 1FD2=0399+0308+0300 1FD3=0399+0308+0301 1FD6=0399+0342 " +
        "1FD7=0399+0308+0342 1FE2=03A5+0308+0300 1FE3=03A5+0308+0301 1FE4=03A1+0313 1FE6=03A5+0342 " +
        "1FE7=03A5+0308+0342 1FF2=1FFA+0399 1FF3=03A9+0399 1FF4=038F+0399 1FF6=03A9+0342 1FF7=03A9+0342+0399 " +
        "1FFC=03A9+0399 FB00=0046+0046 FB01=0046+0049 FB02=0046+004C FB03=0046+0046+0049 FB04=0046+0046+004C " +
        "FB05=0053+0054 FB06=0053+0054 FB13=0544+0546 FB14=0544+0535 FB15=0544+053B FB16=054E+0546 FB17=0544+053D";

    /// <summary>Letters whose title case is not their upper case.</summary>
    private const string Titles =
        "00DF=0053+0073 01C4=01C5 01C5=01C5 01C6=01C5 01C7=01C8 01C8=01C8 01C9=01C8 01CA=01CB 01CB=01CB 01CC=01CB " +
        "01F1=01F2 01F2=01F2 01F3=01F2 0587=0535+0582 1F80=1F88 1F81=1F89 1F82=1F8A 1F83=1F8B 1F84=1F8C 1F85=1F8D " +
        "1F86=1F8E 1F87=1F8F 1F88=1F88 1F89=1F89 1F8A=1F8A 1F8B=1F8B 1F8C=1F8C 1F8D=1F8D 1F8E=1F8E 1F8F=1F8F " +
        "1F90=1F98 1F91=1F99 1F92=1F9A 1F93=1F9B 1F94=1F9C 1F95=1F9D 1F96=1F9E 1F97=1F9F 1F98=1F98 1F99=1F99 " +
        "1F9A=1F9A 1F9B=1F9B 1F9C=1F9C 1F9D=1F9D 1F9E=1F9E 1F9F=1F9F 1FA0=1FA8 1FA1=1FA9 1FA2=1FAA 1FA3=1FAB " +
        "1FA4=1FAC 1FA5=1FAD 1FA6=1FAE 1FA7=1FAF 1FA8=1FA8 1FA9=1FA9 1FAA=1FAA 1FAB=1FAB 1FAC=1FAC 1FAD=1FAD " +
        "1FAE=1FAE 1FAF=1FAF 1FB2=1FBA+0345 1FB3=1FBC 1FB4=0386+0345 1FB7=0391+0342+0345 1FBC=1FBC 1FC2=1FCA+0345 " +
        "1FC3=1FCC 1FC4=0389+0345 1FC7=0397+0342+0345 1FCC=1FCC 1FF2=1FFA+0345 1FF3=1FFC 1FF4=038F+0345 " +
        "1FF7=03A9+0342+0345 1FFC=1FFC FB00=0046+0066 FB01=0046+0069 FB02=0046+006C FB03=0046+0066+0069 " +
        "FB04=0046+0066+006C FB05=0053+0074 FB06=0053+0074 FB13=0544+0576 FB14=0544+0565 FB15=0544+056B " +
        "FB16=054E+0576 FB17=0544+056D";

    private static readonly Dictionary<int, string> Upper = Read(Uppers);
    private static readonly Dictionary<int, string> Title = Read(Titles);

    /// <summary>All letters in upper case.</summary>
    public static string ToUpper(string text) =>
        Ascii.IsValid(text) ? text.ToUpperInvariant() : Map(text, (rune, _) => UpperOf(rune));

    /// <summary>All letters in lower case.</summary>
    public static string ToLower(string text) =>
        Ascii.IsValid(text) ? text.ToLowerInvariant() : Map(text, (rune, at) => LowerOf(text, rune, at));

    /// <summary>The first letter in title case, the others in lower case.</summary>
    public static string Capitalize(string text) => Map(text, (rune, at) => at == 0 ? TitleOf(rune) : LowerOf(text, rune, at));

    /// <summary>The first letter of every run of cased letters in title case, the others in lower case.</summary>
    public static string ToTitle(string text)
    {
        bool inWord = false;
        return Map(text, (rune, at) =>
        {
            string mapped = inWord ? LowerOf(text, rune, at) : TitleOf(rune);
            inWord = TemplateText.IsCased(rune);
            return mapped;
        });
    }

    /// <summary>Upper for lower and the other way.</summary>
    public static string Swap(string text) => Map(text, (rune, at) => Rune.IsUpper(rune) ? LowerOf(text, rune, at)
        : Rune.IsLower(rune) ? UpperOf(rune) : rune.ToString());

    private static string UpperOf(Rune rune) => Upper.TryGetValue(rune.Value, out string? several) ? several
        : rune.Value switch { 0x131 => "I", 0x17F => "S", _ => Rune.ToUpperInvariant(rune).ToString() };

    private static string TitleOf(Rune rune) => Title.TryGetValue(rune.Value, out string? title) ? title
        : rune.Value is >= 0x10D0 and <= 0x10FF ? rune.ToString() : UpperOf(rune);

    private static string LowerOf(string text, Rune rune, int at) => rune.Value switch
    {
        0x130 => "i\u0307",
        0x3A3 => EndsWord(text, at) ? "\u03c2" : "\u03c3",
        _ => Rune.ToLowerInvariant(rune).ToString(),
    };

    /// <summary>A capital sigma becomes the final form after a cased letter that no cased letter follows.</summary>
    private static bool EndsWord(string text, int at)
    {
        bool before = false, after = false;
        for (int i = at - 1; i >= 0 && !before; i--)
        {
            if (!Ignorable(text[i]) && !(before = char.IsLetter(text[i])))
                return false;
        }

        for (int i = at + 1; i < text.Length && !after; i++)
        {
            if (!Ignorable(text[i]) && !(after = char.IsLetter(text[i])))
                break;
        }

        return before && !after;

        static bool Ignorable(char c) =>
            c is '\'' or '.' or ':' or '^' or '`' or '\u00b7' or '\u2019' || char.GetUnicodeCategory(c)
                is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
                    or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
    }

    private static string Map(string text, Func<Rune, int, string> map)
    {
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (!Rune.TryGetRuneAt(text, i, out Rune rune))
            {
                result.Append(text[i]);
                continue;
            }

            result.Append(map(rune, i));
            i += rune.Utf16SequenceLength - 1;
        }

        return result.ToString();
    }

    private static Dictionary<int, string> Read(string table) => table.Split(' ').Select(row => row.Split('=')).ToDictionary(
        row => int.Parse(row[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        row =>
            string.Concat(row[1].Split('+')
                .Select(code => (char)int.Parse(code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))));
}
