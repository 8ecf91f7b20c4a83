using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Seriatim.Tokenizers;

/// <summary>The part of a format after the colon, as Python's format specification mini-language has it.</summary>
internal static partial class TemplateFormatSpec
{
    /// <summary>Writes a value.</summary>
    public static string Apply(object? value, string spec, TemplateBudget budget, int line)
    {
        if (spec.Length == 0)
            return TemplatePrinter.Print(value, budget, line);
        Match match = Form().Match(spec);
        if (!match.Success)
            throw new ChatTemplateException($"the format \"{spec}\" is not supported", line);
        string Group(int place) => match.Groups[place].Value;
        char type = Group(9) is [var letter] ? letter : ' ';
        int precision = Group(8).Length == 0 ? -1 : Number(Group(8), line);
        bool isText = value is string or TemplateMarkup;
        string sign = "", body;
        if (isText)
        {
            if (type is not (' ' or 's') || Group(3).Length + Group(4).Length + Group(7).Length > 0 || Group(2) == "=")
                throw new ChatTemplateException($"the format \"{spec}\" is not for strings", line);
            body = TemplatePrinter.Print(value, budget, line);
            body = precision < 0 ? body : body[..TemplateText.CharOf(body, precision)];
        }
        else
        {
            (bool negative, body) = Digits(value, type, precision, Group(4).Length > 0, spec, line);
            sign = negative ? "-" : Group(3) is "+" or " " ? Group(3) : "";
            body = Group(7).Length == 0 ? body : Grouped(body, Group(7), type is 'b' or 'o' or 'x' or 'X' ? 4 : 3);
        }

        bool zeros = Group(5).Length > 0;
        if (zeros && Group(7).Length > 0)
            throw new ChatTemplateException($"the format \"{spec}\" (zeros and groups) is not supported", line);
        string fill = Group(1).Length > 0 ? Group(1) : zeros ? "0" : " ";
        string align = Group(2).Length > 0 ? Group(2) : zeros && !isText ? "=" : isText ? "<" : ">";
        return Align(sign, body, fill, align, Group(6).Length == 0 ? 0 : Number(Group(6), line), budget, line);
    }

    /// <summary>Fills a number or text up to a width.</summary>
    public static string Align(string sign, string body, string fill, string align, int width, TemplateBudget budget, int line)
    {
        int missing = width - TemplateText.Length(body) - sign.Length;
        if (missing <= 0)
            return sign + body;
        budget.Make((long)missing * fill.Length, line);
        string Fill(int count) => new StringBuilder().Insert(0, fill, count).ToString();
        return align switch
        {
            "<" => sign + body + Fill(missing),
            "^" => Fill(missing / 2) + sign + body + Fill(missing - (missing / 2)),
            "=" => sign + Fill(missing) + body,
            _ => Fill(missing) + sign + body,
        };
    }

    /// <summary>An integer in a base, without its sign.</summary>
    public static string InBase(BigInteger value, int numberBase)
    {
        value = BigInteger.Abs(value);
        var digits = new List<char>();
        do
        {
            value = BigInteger.DivRem(value, numberBase, out BigInteger digit);
            digits.Add("0123456789abcdef"[(int)digit]);
        }
        while (!value.IsZero);
        digits.Reverse();
        return string.Concat(digits);
    }

    /// <summary>A width or precision.</summary>
    public static int Number(string digits, int line) =>
        int.TryParse(digits, CultureInfo.InvariantCulture, out int number) && number <= TemplateBudget.MaxLength
            ? number : throw TemplateBudget.TooLong(line);

    private static (bool Negative, string Digits) Digits(object? value, char type, int precision, bool alternate,
        string spec, int line)
    {
        if (TemplateValue.Integer(value) is { } integer && type is ' ' or 'd' or 'n' or 'b' or 'o' or 'x' or 'X' or 'c')
        {
            if (precision >= 0)
                throw new ChatTemplateException($"the format \"{spec}\": an integer has no precision", line);
            BigInteger whole = TemplateValue.Integer(value)!.Value;
            string digits = type switch
            {
                'b' => (alternate ? "0b" : "") + InBase(whole, 2),
                'o' => (alternate ? "0o" : "") + InBase(whole, 8),
                'x' => (alternate ? "0x" : "") + InBase(whole, 16),
                'X' => (alternate ? "0X" : "") + InBase(whole, 16).ToUpperInvariant(),
                'c' when whole >= 0 && whole <= 0x10FFFF && !(whole >= 0xD800 && whole < 0xE000) =>
                    char.ConvertFromUtf32((int)whole),
                'c' => throw new ChatTemplateException($"the format \"{spec}\": {whole} is no character", line),
                _ => InBase(whole, 10),
            };
            return (whole.Sign < 0, digits);
        }

        if (TemplateValue.Number(value) is not { } number || alternate)
            throw new ChatTemplateException($"the format \"{spec}\" is not for {TemplateValue.TypeOf(value)}", line);
        int places = precision < 0 ? 6 : precision;
        string text = type switch
        {
            ' ' when precision < 0 => TemplateNumber.Repr(Math.Abs(number)),
            ' ' => TemplateNumber.General(number, places, withFraction: true),
            'f' or 'F' => TemplateNumber.Fixed(number, places),
            'e' or 'E' => TemplateNumber.Exponential(number, places, type),
            'g' or 'G' or 'n' => TemplateNumber.General(number, places, letter: type == 'G' ? 'E' : 'e'),
            '%' => TemplateNumber.Fixed(number * 100, places) + "%",
            _ => throw new ChatTemplateException($"the format \"{spec}\" is not for {TemplateValue.TypeOf(value)}", line),
        };
        return (double.IsNegative(number), char.IsAsciiLetterUpper(type) ? text.ToUpperInvariant() : text);
    }

    private static string Grouped(string digits, string separator, int size)
    {
        int whole = digits.TakeWhile(char.IsAsciiHexDigit).Count();
        var text = new StringBuilder();
        for (int i = 0; i < whole; i++)
            text.Append(i > 0 && (whole - i) % size == 0 ? separator : "").Append(digits[i]);
        return text.Append(digits, whole, digits.Length - whole).ToString();
    }

    [GeneratedRegex(
        @"\A(?:([\ud800-\udbff][\udc00-\udfff]|.)(?=[<>=^]))?([<>=^])?([-+ ])?(#)?(0)?"
            + @"([0-9]+)?([_,])?(?:\.([0-9]+))?([a-zA-Z%])?\z",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
