using System.Globalization;
using System.Numerics;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// The filter <c>tojson</c> as the models' own library has it: Python's json.dumps, without escapes for
/// what is not ASCII unless they are asked for.
/// </summary>
internal sealed class TemplateJson
{
    private readonly StringBuilder _text = new();
    private readonly TemplateCall _call;
    private readonly bool _ascii;
    private readonly bool _sorted;
    private readonly string? _indent;
    private readonly string _between = ", ";
    private readonly string _afterKey = ": ";

    private TemplateJson(TemplateCall call)
    {
        _call = call;
        _ascii = call.Truth(0);
        _sorted = call.Truth(3);
        if (call.Or(1, null) is { } indent)
        {
            _indent = indent as string ?? new string(' ', (int)Math.Clamp(call.Integer(1, 0), 0, TemplateBudget.MaxLength));
            _between = ",";
        }

        if (call.Or(2, null) is { } separators)
        {
            (_between, _afterKey) = TemplateValue.ListOf(separators) is [string between, string afterKey] ? (between, afterKey)
                : throw call.Refuse("needs two strings as separators");
        }
    }

    /// <summary>The filter.</summary>
    public static object Filter(TemplateCall call)
    {
        var json = new TemplateJson(call);
        json.Write(call.Subject, 0);
        call.Budget.Make(json._text.Length, call.Line);
        return json._text.ToString();
    }

    /// <summary>The filter <c>pprint</c>: as printed, with keys in order, as long as it fits a line.</summary>
    public static object Pretty(TemplateCall call)
    {
        string text = TemplatePrinter.Repr(Ordered(call.Subject, call, 0), call.Budget, call.Line);
        return text.Length < 80
            ? text
            : throw call.Refuse($"writes no more than one line of 79 characters; this would have {text.Length}");
    }

    private static object? Ordered(object? value, TemplateCall call, int depth)
    {
        call.Budget.Step(call.Line);
        if (depth > TemplateBudget.MaxDepth)
            throw TemplateBudget.TooDeep(call.Line);
        switch (value)
        {
            case List<object?> list:
                return list.ConvertAll(item => Ordered(item, call, depth + 1));
            case TemplateTuple tuple:
                return new TemplateTuple(tuple.Items.ConvertAll(item => Ordered(item, call, depth + 1)));
            case TemplateMap map:
                var ordered = new TemplateMap();
                foreach ((object? key, object? item) in InOrder(map, call))
                    ordered.Set(key, Ordered(item, call, depth + 1));
                return ordered;
            default:
                return value;
        }
    }

    private static List<KeyValuePair<object?, object?>> InOrder(TemplateMap map, TemplateCall call) =>
        TemplateComparison.Sorted(map.Items, item => item.Key, false, call.Budget, call.Line);

    private void Write(object? value, int depth)
    {
        _call.Budget.Step(_call.Line);
        if (depth > TemplateBudget.MaxDepth)
            throw TemplateBudget.TooDeep(_call.Line);
        Guard(0);
        switch (value)
        {
            case string text:
                WriteString(text);
                break;
            case TemplateMarkup markup:
                WriteString(markup.Text);
                break;
            case TemplateMap map:
                WriteItems('{', '}', _sorted ? InOrder(map, _call) : [.. map.Items], depth, item =>
                {
                    WriteString(item.Key as string ?? Simple(item.Key, "be a key in JSON"));
                    _text.Append(_afterKey);
                    Write(item.Value, depth + 1);
                });
                break;
            default:
                if (TemplateValue.ListOf(value) is { } list)
                    WriteItems('[', ']', list, depth, item => Write(item, depth + 1));
                else
                    _text.Append(Simple(value, "be written as JSON"));
                break;
        }
    }

    private string Simple(object? value, string purpose) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        BigInteger large => large.ToString(CultureInfo.InvariantCulture),
        double.NaN => "NaN",
        double number when double.IsInfinity(number) => number > 0 ? "Infinity" : "-Infinity",
        double number => TemplateNumber.Repr(number),
        _ => throw new ChatTemplateException($"{TemplateValue.TypeOf(value)} cannot {purpose}", _call.Line),
    };

    private void WriteItems<T>(char open, char close, List<T> items, int depth, Action<T> write)
    {
        _text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            Guard(_between.Length);
            _text.Append(i == 0 ? "" : _between);
            Break(depth + 1);
            write(items[i]);
        }

        if (items.Count > 0)
            Break(depth);
        _text.Append(close);
    }

    private void Break(int depth)
    {
        if (_indent is null)
            return;
        Guard((long)_indent.Length * depth);
        _text.Append('\n').Insert(_text.Length, _indent, depth);
    }

    private void Guard(long more)
    {
        if (_text.Length + more > TemplateBudget.MaxLength)
            throw TemplateBudget.TooLong(_call.Line);
    }

    private void WriteString(string content)
    {
        Guard(content.Length);
        _call.Budget.Scan(content.Length, _call.Line);
        _text.Append('"');
        foreach (char c in content)
        {
            _ = c switch
            {
                '"' => _text.Append("\\\""),
                '\\' => _text.Append("\\\\"),
                '\n' => _text.Append("\\n"),
                '\r' => _text.Append("\\r"),
                '\t' => _text.Append("\\t"),
                '\b' => _text.Append("\\b"),
                '\f' => _text.Append("\\f"),
                < ' ' => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '~' when _ascii => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _text.Append(c),
            };
        }

        _text.Append('"');
    }
}
