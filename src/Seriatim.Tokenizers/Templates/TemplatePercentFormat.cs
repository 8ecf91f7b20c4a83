using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace Seriatim.Tokenizers;

/// <summary><c>format % values</c>, as in Python.</summary>
internal static partial class TemplatePercentFormat
{
    /// <summary>Fills a format with the items of a tuple, the entries of a dictionary, or one value.</summary>
    public static string Apply(ExpressionEvaluator run, string format, object? right, int line)
    {
        var values = new Queue<object?>(right is TemplateTuple tuple ? tuple.Items : [right]);
        bool used = false;
        var text = new StringBuilder();
        int at = 0;
        for (int mark = format.IndexOf('%'); mark >= 0; mark = format.IndexOf('%', at))
        {
            run.Budget.Step(line);
            text.Append(format, at, mark - at);
            Match match = Form().Match(format, mark);
            if (!match.Success)
                throw Wrong($"cannot be read at {mark}: {format[mark..Math.Min(format.Length, mark + 10)]}");
            at = mark + match.Length;
            string Group(int place) => match.Groups[place].Value;
            if (Group(5) == "%")
            {
                text.Append('%');
                continue;
            }

            int width = Size(Group(3), out bool leftByWidth),
                precision = Group(4).Length == 0 ? -1 : Math.Max(0, Size(Group(4)[1..], out _));
            object? value = match.Groups[1].Success ? Named(Group(1)) : Take();
            text.Append(Write(run, value, Group(5)[0], Group(2) + (leftByWidth ? "-" : ""), width, precision, line));
            if (text.Length > TemplateBudget.MaxLength)
                throw TemplateBudget.TooLong(line);
        }

        if (values.Count > 0 && !used && right is not (TemplateMap or List<object?>))
            throw Wrong($"has no place for {values.Count} of its values");
        text.Append(format, at, format.Length - at);
        run.Budget.Make(text.Length, line);
        return text.ToString();

        object? Take() => values.TryDequeue(out object? next) ? next : throw Wrong("has more places than values");

        object? Named(string name)
        {
            used = true;
            return right is not TemplateMap map
                ? throw Wrong($"names {name}, which needs a dictionary, not {TemplateValue.TypeOf(right)}")
                : map.TryGet(name, out object? value) ? value : throw Wrong($"names {name}, which is not there");
        }

        int Size(string digits, out bool left)
        {
            left = false;
            if (digits != "*")
                return digits.Length == 0 ? 0 : TemplateFormatSpec.Number(digits, line);
            BigInteger given = TemplateValue.Integer(Take()) ?? throw Wrong("needs an integer for *");
            left = given.Sign < 0;
            return TemplateFormatSpec.Number(BigInteger.Abs(given).ToString(), line);
        }

        ChatTemplateException Wrong(string problem) =>
            new($"the format \"{(format.Length > 60 ? format[..60] + "..." : format)}\" {problem}", line);
    }

    private static string Write(ExpressionEvaluator run, object? value, char type, string flags, int width,
        int precision, int line)
    {
        bool Has(char flag) => flags.Contains(flag, StringComparison.Ordinal);
        string align = Has('-') ? "<" : ">";
        if (type is 's' or 'r' or 'a' or 'c')
        {
            string written = type switch
            {
                's' => TemplatePrinter.Print(value, run.Budget, line),
                'c' => Character(value, line),
                _ => TemplatePrinter.Repr(value, run.Budget, line, ascii: type == 'a'),
            };
            written = precision < 0 || type == 'c' ? written : written[..TemplateText.CharOf(written, precision)];
            return TemplateFormatSpec.Align("", written, " ", align, width, run.Budget, line);
        }

        if (TemplateValue.Number(value) is not { } number)
            throw new ChatTemplateException($"%{type} needs a number, not {TemplateValue.TypeOf(value)}", line);
        string digits = type is 'd' or 'i' or 'u' or 'o' or 'x' or 'X' ? Whole(value, number, type, Has('#'), precision, line)
            : Real(number, type, Has('#'), precision < 0 ? 6 : precision);
        string sign = double.IsNegative(number) ? "-" : Has('+') ? "+" : Has(' ') ? " " : "";
        bool zeros = Has('0') && !Has('-');
        if (zeros && digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            (sign, digits) = (sign + digits[..2], digits[2..]);
        return TemplateFormatSpec.Align(sign, digits, zeros ? "0" : " ", zeros ? "=" : align, width, run.Budget, line);
    }

    private static string Whole(object? value, double number, char type, bool alternate, int precision, int line)
    {
        BigInteger whole = TemplateValue.Integer(value)
            ?? (type is 'd' or 'i' or 'u' && double.IsFinite(number) ? new BigInteger(number)
                : throw new ChatTemplateException($"%{type} needs an integer, not {TemplateNumber.Repr(number)}", line));
        string digits = TemplateFormatSpec.InBase(whole, type switch { 'o' => 8, 'x' or 'X' => 16, _ => 10 })
            .PadLeft(Math.Max(0, precision), '0');
        digits = type == 'X' ? digits.ToUpperInvariant() : digits;
        return (alternate ? type switch { 'o' => "0o", 'x' => "0x", 'X' => "0X", _ => "" } : "") + digits;
    }

    private static string Real(double number, char type, bool alternate, int precision)
    {
        string text = type switch
        {
            'f' or 'F' => TemplateNumber.Fixed(number, precision),
            'e' or 'E' => TemplateNumber.Exponential(number, precision),
            _ => TemplateNumber.General(number, precision, keepZeros: alternate),
        };
        return char.IsAsciiLetterUpper(type) ? text.ToUpperInvariant() : text;
    }

    private static string Character(object? value, int line) => value switch
    {
        string text when TemplateText.Length(text) == 1 => text,
        long code and >= 0 and <= 0x10FFFF and not (>= 0xD800 and < 0xE000) => char.ConvertFromUtf32((int)code),
        _ => throw new ChatTemplateException($"%c needs one character, not {TemplateValue.TypeOf(value)}", line),
    };

    [GeneratedRegex(@"\G%(?:\(([^()]*)\))?([-+ #0]*)([0-9]+|\*)?(\.(?:[0-9]*|\*))?[hlL]?([diuoxXeEfFgGcrsa%])")]
    private static partial Regex Form();
}
