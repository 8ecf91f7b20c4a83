using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary><c>format.format(values)</c>, as in Python.</summary>
internal sealed class TemplateBraceFormat
{
    private readonly ExpressionEvaluator _run;
    private readonly TemplateArguments _given;
    private readonly int _line;
    private int _next;
    private bool _counts;
    private bool _numbers;

    private TemplateBraceFormat(ExpressionEvaluator run, TemplateArguments given, int line) =>
        (_run, _given, _line) = (run, given, line);

    /// <summary>Fills the places in braces.</summary>
    public static string Apply(ExpressionEvaluator run, string format, TemplateArguments given, int line)
    {
        string text = new TemplateBraceFormat(run, given, line).Fill(format, 0);
        run.Budget.Make(text.Length, line);
        return text;
    }

    private string Fill(string format, int depth)
    {
        if (depth > 1)
            throw Wrong("has braces in braces in braces");
        var text = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            bool doubled = i + 1 < format.Length && format[i + 1] == c;
            if (c is not ('{' or '}'))
            {
                text.Append(c);
            }
            else if (doubled)
            {
                text.Append(c);
                i++;
            }
            else
            {
                int end = c == '{' ? Close(format, i) : throw Wrong("has a } without a {");
                text.Append(Field(format[(i + 1)..end], depth));
                i = end;
            }

            if (text.Length > TemplateBudget.MaxLength)
                throw TemplateBudget.TooLong(_line);
        }

        return text.ToString();
    }

    private int Close(string format, int open)
    {
        int depth = 0;
        for (int i = open; i < format.Length; i++)
        {
            depth += format[i] == '{' ? 1 : format[i] == '}' ? -1 : 0;
            if (depth == 0)
                return i;
        }

        throw Wrong("has a { without a }");
    }

    private string Field(string field, int depth)
    {
        _run.Budget.Step(_line);
        int bracket = field.IndexOf(']');
        int colon = field.IndexOf(':', Math.Max(0, field.StartsWith('[') ? bracket : 0));
        string name = colon < 0 ? field : field[..colon];
        int mark = name.IndexOf('!');
        string conversion = mark < 0 ? "" : name[(mark + 1)..];
        object? value = Value(mark < 0 ? name : name[..mark]);
        value = conversion switch
        {
            "" => value,
            "s" => TemplatePrinter.Print(value, _run.Budget, _line),
            "r" => TemplatePrinter.Repr(value, _run.Budget, _line),
            "a" => TemplatePrinter.Repr(value, _run.Budget, _line, ascii: true),
            _ => throw Wrong($"has the conversion !{conversion}; s, r and a are known"),
        };
        return TemplateFormatSpec.Apply(value, colon < 0 ? "" : Fill(field[(colon + 1)..], depth + 1),
            _run.Budget, _line);
    }

    private object? Value(string name)
    {
        int end = name.IndexOfAny(['.', '[']);
        string first = end < 0 ? name : name[..end];
        object? value = first.Length == 0 || first.All(char.IsAsciiDigit) ? Numbered(first)
            : _given.Named.TryGetValue(first, out object? named) ? named : throw Wrong($"names {first}, which is not given");
        for (string rest = end < 0 ? "" : name[end..]; rest.Length > 0;)
        {
            int close = rest[0] == '[' ? rest.IndexOf(']') : rest.IndexOfAny(['.', '['], 1) is >= 0 and var next ? next
                : rest.Length;
            if (close < 2)
                throw Wrong($"cannot be read at {rest}");
            string part = rest[1..close];
            value = rest[0] == '.' ? _run.Attribute(value, part, _line)
                : _run.Item(value, part.All(char.IsAsciiDigit) ? long.Parse(part, CultureInfo.InvariantCulture) : part, _line);
            if (value is Undefined undefined)
                throw Wrong($"names {name}: {undefined.Problem}");
            rest = rest[(rest[0] == '[' ? close + 1 : close)..];
        }

        return value;
    }

    private object? Numbered(string digits)
    {
        _counts |= digits.Length == 0;
        _numbers |= digits.Length > 0;
        if (_counts && _numbers)
            throw Wrong("counts its places and numbers them, which cannot be mixed");
        int place = digits.Length == 0 ? _next++ : TemplateFormatSpec.Number(digits, _line);
        return place < _given.Values.Count
            ? _given.Values[place]
            : throw Wrong($"wants value {place}, but {_given.Values.Count} are given");
    }

    private ChatTemplateException Wrong(string problem) => new($"format {problem}", _line);
}
