using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// The filter <c>tojson</c>, in the form of Python's json.dumps without ASCII escapes, as chat templates are written for.
/// </summary>
internal static class TemplateJson
{
    private const int MaxDepth = 64;

    /// <summary>Writes a value; with <paramref name="indent"/> over several lines.</summary>
    public static string Write(ExpressionEvaluator evaluator, object? value, long? indent, int line)
    {
        var text = new StringBuilder();
        Write(text, value, indent is { } width ? (int)Math.Clamp(width, 0, 100) : null, 0, line);
        evaluator.Budget.Make(text.Length, line);
        return text.ToString();
    }

    private static void Write(StringBuilder text, object? value, int? indent, int depth, int line)
    {
        if (depth > MaxDepth || text.Length > TemplateBudget.MaxLength)
        {
            throw TemplateBudget.TooLong(line);
        }

        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case long integer:
                text.Append(integer.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                text.Append(TemplateValue.Float(number));
                break;
            case string content:
                WriteString(text, content);
                break;
            case List<object?> list:
                WriteItems(text, '[', ']', list, indent, depth, item => Write(text, item, indent, depth + 1, line));
                break;
            case TemplateMap map:
                WriteItems(text, '{', '}', map.Items.ToList(), indent, depth, item =>
                {
                    WriteString(text, item.Key);
                    text.Append(": ");
                    Write(text, item.Value, indent, depth + 1, line);
                });
                break;
            default:
                throw new ChatTemplateException($"{TemplateValue.TypeOf(value)} cannot be written as JSON", line);
        }
    }

    private static void WriteItems<T>(StringBuilder text, char open, char close, List<T> items, int? indent, int depth,
        Action<T> write)
    {
        text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            text.Append(i == 0 ? string.Empty : indent is null ? ", " : ",");
            Break(text, indent, depth + 1);
            write(items[i]);
        }

        if (items.Count > 0)
        {
            Break(text, indent, depth);
        }

        text.Append(close);
    }

    private static void Break(StringBuilder text, int? indent, int depth)
    {
        if (indent is { } width)
        {
            text.Append('\n').Append(' ', width * depth);
        }
    }

    private static void WriteString(StringBuilder text, string content)
    {
        text.Append('"');
        foreach (char c in content)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}
