using System.Globalization;

namespace Seriatim.Tokenizers;

/// <summary>The filters of templates (<c>value | name</c>).</summary>
internal static class TemplateFilters
{
    /// <summary>Applies a filter.</summary>
    public static object? Apply(ExpressionEvaluator evaluator, string name, object? value, IReadOnlyList<object?> arguments,
        IReadOnlyDictionary<string, object?> named, int line)
    {
        object? Argument(int index, string key, object? otherwise = null) =>
            index < arguments.Count ? arguments[index] : named.TryGetValue(key, out object? given) ? given : otherwise;
        List<object?> Items() => evaluator.Items(value, line);
        string Text() => TemplateValue.Print(value);
        switch (name)
        {
            case "default" or "d":
                bool alsoFalse = TemplateValue.Truth(Argument(1, "boolean", false));
                return value is Undefined || (alsoFalse && !TemplateValue.Truth(value)) ? Argument(0, "default_value",
                    string.Empty) : value;
            case "trim":
                return TemplateMethods.Strip(Text(), Argument(0, "chars") as string, true, true);
            case "upper":
                return Text().ToUpperInvariant();
            case "lower":
                return Text().ToLowerInvariant();
            case "title":
                return TemplateMethods.Title(Text());
            case "capitalize":
                return TemplateMethods.Capitalize(Text());
            case "replace":
                return TemplateMethods.Replace(evaluator, Text(), TemplateValue.Print(Argument(0, "old")),
                    TemplateValue.Print(Argument(1, "new")),
                    Argument(2, "count") is long most ? most : -1, line);
            case "string":
                return Text();
            case "escape" or "e":
                return Text().Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
                    .Replace(">", "&gt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal)
                    .Replace("\"", "&#34;", StringComparison.Ordinal);
            case "safe":
                return value;
            case "indent":
                return Indent(evaluator, Text(), Argument(0, "width", 4L), TemplateValue.Truth(Argument(1, "first", false)),
                    line);
            case "tojson":
                return TemplateJson.Write(evaluator, value, Argument(0, "indent") as long?, line);
            case "length" or "count":
                return value switch
                {
                    string text => (long)text.EnumerateRunes().Count(),
                    List<object?> list => (long)list.Count,
                    TemplateMap map => (long)map.Count,
                    Undefined => 0L,
                    _ => throw new ChatTemplateException($"{TemplateValue.TypeOf(value)} has no length", line),
                };
            case "int":
                return ToInteger(value) ?? Argument(0, "default", 0L);
            case "float":
                return TemplateValue.Number(value) is { } number ? number
                    : value is string digits && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture,
                        out double parsed) ? parsed
                    : Argument(0, "default", 0.0);
            case "abs":
                return value is long integer ? Math.Abs(integer) : value is double real ? Math.Abs(real) : throw Wrong();
            case "round":
                return TemplateValue.Number(value) is { } rounded
                    ? Math.Round(rounded, (int)Math.Clamp(Argument(0, "precision") as long? ?? 0, 0, 15),
                        MidpointRounding.ToEven) : throw Wrong();
            case "join":
                List<object?> joined = Argument(1, "attribute") is { } path ? Items().ConvertAll(item => evaluator.Member(item,
                    path, line)) : Items();
                return TemplateMethods.Join(evaluator, joined, TemplateValue.Print(Argument(0, "d", string.Empty)), line);
            default:
                return TemplateListFilters.Apply(evaluator, name, value, arguments, named, line);
        }

        ChatTemplateException Wrong() => new($"{name} needs a number, not {TemplateValue.TypeOf(value)}", line);
    }

    private static object? ToInteger(object? value) => value switch
    {
        long integer => integer,
        bool flag => flag ? 1L : 0L,
        double number when Math.Abs(number) < 9e18 => (long)number,
        string text when long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long parsed) => parsed,
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed)
            && Math.Abs(parsed) < 9e18 => (long)parsed,
        _ => null,
    };

    private static string Indent(ExpressionEvaluator evaluator, string text, object? width, bool first, int line)
    {
        string blanks = width switch
        {
            long count => new string(' ', (int)Math.Clamp(count, 0, 1000)),
            string given => given,
            _ => throw new ChatTemplateException("indent needs a number", line),
        };
        string[] lines = text.Split('\n');
        evaluator.Budget.Make(text.Length + ((long)lines.Length * blanks.Length), line);
        for (int i = first ? 0 : 1; i < lines.Length; i++)
        {
            lines[i] = lines[i].Length == 0 ? lines[i] : blanks + lines[i];
        }

        return string.Join('\n', lines);
    }
}
