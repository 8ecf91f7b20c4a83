using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>The formats of <c>strftime_now</c>: those of the C library in English, with a time that knows no zone.</summary>
internal static class TemplateTime
{
    /// <summary>Writes a time; an unknown format is refused.</summary>
    public static string Format(DateTimeOffset now, string format, TemplateBudget budget, int line)
    {
        budget.Make(format.Length * 8L, line);
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            char flag = i + 1 < format.Length && format[i + 1] is '-' or '_' or '0' or '^' ? format[++i] : ' ';
            if (++i >= format.Length)
            {
                throw new ChatTemplateException($"strftime_now: the format {format} ends in %; write %% for a percent sign",
                    line);
            }
            string field = Field(now, format[i], line);
            int digits = field.Length > 1 && field.All(c => char.IsAsciiDigit(c) || c == ' ') ? field.Length : 0;
            string bare = field.TrimStart('0', ' ') is { Length: > 0 } trimmed ? trimmed : "0";
            text.Append(flag switch
            {
                '^' => field.ToUpperInvariant(),
                '-' when digits > 0 => bare,
                '_' when digits > 0 => bare.PadLeft(digits),
                '0' when digits > 0 => bare.PadLeft(digits, '0'),
                _ => field,
            });
        }

        return text.ToString();
    }

    private static string Field(DateTimeOffset now, char code, int line)
    {
        string Net(string format) => now.ToString(format, CultureInfo.InvariantCulture);
        string Digits(int value, int width) => value.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0');
        int weekday = (int)now.DayOfWeek, monday = (weekday + 6) % 7;
        return code switch
        {
            'Y' => Net("yyyy").TrimStart('0'),
            'C' => Net("yyyy")[..2],
            'y' => Net("yy"),
            'm' => Net("MM"),
            'd' => Net("dd"),
            'e' => Net("dd").TrimStart('0').PadLeft(2),
            'H' => Net("HH"),
            'I' => Net("hh"),
            'k' => Net("HH") is ['0', var hour] ? $" {hour}" : Net("HH"),
            'l' => Net("hh") is ['0', var hour] ? $" {hour}" : Net("hh"),
            'M' => Net("mm"),
            'S' => Net("ss"),
            'f' => Net("ffffff"),
            'p' => Net("tt"),
            'P' => Net("tt").ToLowerInvariant(),
            'B' => Net("MMMM"),
            'b' or 'h' => Net("MMM"),
            'A' => Net("dddd"),
            'a' => Net("ddd"),
            'w' => Digits(weekday, 1),
            'u' => Digits(monday + 1, 1),
            'j' => Digits(now.DayOfYear, 3),
            'U' => Digits((now.DayOfYear + 6 - weekday) / 7, 2),
            'W' => Digits((now.DayOfYear + 6 - monday) / 7, 2),
            'V' => Digits(ISOWeek.GetWeekOfYear(now.DateTime), 2),
            'G' => Digits(ISOWeek.GetYear(now.DateTime), 4),
            'g' => Digits(ISOWeek.GetYear(now.DateTime) % 100, 2),
            's' => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'z' or 'Z' => "",
            'c' => Net("ddd MMM ") + Field(now, 'e', line) + Net(" HH:mm:ss yyyy"),
            'x' or 'D' => Net("MM/dd/yy"),
            'X' or 'T' => Net("HH:mm:ss"),
            'F' => Net("yyyy-MM-dd"),
            'R' => Net("HH:mm"),
            'r' => Net("hh:mm:ss tt"),
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => throw new ChatTemplateException($"strftime_now does not know %{code}", line),
        };
    }
}
