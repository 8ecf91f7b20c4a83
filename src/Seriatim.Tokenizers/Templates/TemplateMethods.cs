namespace Seriatim.Tokenizers;

/// <summary>The methods of strings, lists and dictionaries that templates call. Nothing changes its receiver.</summary>
internal static class TemplateMethods
{
    /// <summary>A method of a dictionary, or null.</summary>
    public static TemplateFunction? OfMap(TemplateMap map, string name) => name switch
    {
        "items" => (_, _) => map.Items.Select(item => (object?)new List<object?> { item.Key, item.Value }).ToList(),
        "keys" => (_, _) => map.Keys.ToList<object?>(),
        "values" => (_, _) => map.Items.Select(item => item.Value).ToList(),
        "get" => (arguments, named) => arguments.Count > 0 && arguments[0] is string key && map.TryGet(key,
            out object? value) ? value
            : arguments.Count > 1 ? arguments[1] : named.GetValueOrDefault("default"),
        _ => null,
    };

    /// <summary>A method of a list, or null.</summary>
    public static TemplateFunction? OfList(List<object?> list, string name, int line) => name switch
    {
        "index" => (arguments, _) => list.FindIndex(item => TemplateValue.Same(item,
            arguments.FirstOrDefault())) is >= 0 and var index
            ? (long)index : throw new ChatTemplateException("the list does not hold the item", line),
        "count" => (arguments, _) => (long)list.Count(item => TemplateValue.Same(item, arguments.FirstOrDefault())),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "sort" or "reverse" =>
            throw new ChatTemplateException($"lists cannot be changed by {name}; build a new one with +", line),
        _ => null,
    };

    /// <summary>A method of a string, or null.</summary>
    public static TemplateFunction? OfText(ExpressionEvaluator evaluator, string text, string name, int line)
    {
        string Text(IReadOnlyList<object?> arguments, int index) => index < arguments.Count
            && arguments[index] is string value ? value
            : throw new ChatTemplateException($"argument {index + 1} of {name} has to be a string", line);
        return name switch
        {
            "strip" or "lstrip" or "rstrip" => (arguments, _) =>
                Strip(text, arguments.Count > 0 ? arguments[0] as string : null, name != "rstrip", name != "lstrip"),
            "upper" => (_, _) => text.ToUpperInvariant(),
            "lower" => (_, _) => text.ToLowerInvariant(),
            "title" => (_, _) => Title(text),
            "capitalize" => (_, _) => Capitalize(text),
            "startswith" => (arguments, _) => AnyOf(arguments, part => text.StartsWith(part, StringComparison.Ordinal)),
            "endswith" => (arguments, _) => AnyOf(arguments, part => text.EndsWith(part, StringComparison.Ordinal)),
            "removeprefix" => (arguments, _) => text.StartsWith(Text(arguments, 0), StringComparison.Ordinal)
                ? text[Text(arguments, 0).Length..] : text,
            "removesuffix" => (arguments, _) => text.EndsWith(Text(arguments, 0), StringComparison.Ordinal)
                ? text[..^Text(arguments, 0).Length] : text,
            "replace" => (arguments, _) => Replace(evaluator, text, Text(arguments, 0), Text(arguments, 1),
                arguments.Count > 2 && arguments[2] is long most ? most : -1, line),
            "find" => (arguments, _) => (long)text.IndexOf(Text(arguments, 0), StringComparison.Ordinal),
            "rfind" => (arguments, _) => (long)text.LastIndexOf(Text(arguments, 0), StringComparison.Ordinal),
            "count" => (arguments, _) => Text(arguments, 0).Length == 0 ? text.Length + 1L
                : text.AsSpan().Count(Text(arguments, 0)),
            "split" => (arguments, _) => Split(evaluator, text, arguments, fromEnd: false, line),
            "rsplit" => (arguments, _) => Split(evaluator, text, arguments, fromEnd: true, line),
            "splitlines" => (_, _) => (text.EndsWith('\n') ? text[..^1] : text).Split('\n').ToList<object?>(),
            "join" => (arguments, _) => Join(evaluator, evaluator.Items(arguments.FirstOrDefault(), line), text, line),
            "isdigit" or "isnumeric" => (_, _) => text.Length > 0 && text.All(char.IsDigit),
            "isalpha" => (_, _) => text.Length > 0 && text.All(char.IsLetter),
            "isalnum" => (_, _) => text.Length > 0 && text.All(char.IsLetterOrDigit),
            "isspace" => (_, _) => text.Length > 0 && text.All(char.IsWhiteSpace),
            "isupper" => (_, _) => TemplateTests.Apply("upper", text, [], line),
            "islower" => (_, _) => TemplateTests.Apply("lower", text, [], line),
            _ => null,
        };

        bool AnyOf(IReadOnlyList<object?> arguments, Func<string, bool> test) => arguments.FirstOrDefault() switch
        {
            string part => test(part),
            List<object?> parts => parts.OfType<string>().Any(test),
            _ => throw new ChatTemplateException($"{name} needs a string", line),
        };
    }

    /// <summary>Strips white space or the given characters.</summary>
    public static string Strip(string text, string? characters, bool left, bool right)
    {
        char[]? set = characters?.ToCharArray();
        text = left ? text.TrimStart(set) : text;
        return right ? text.TrimEnd(set) : text;
    }

    /// <summary>First letter of every word upper-case, the others lower-case.</summary>
    public static string Title(string text)
    {
        bool inWord = false;
        return string.Concat(text.Select(c =>
        {
            char result = inWord ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c);
            inWord = char.IsLetter(c);
            return result;
        }));
    }

    /// <summary>First letter upper-case, the others lower-case.</summary>
    public static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>Joins printed values.</summary>
    public static string Join(ExpressionEvaluator evaluator, List<object?> items, string separator, int line)
    {
        string[] parts = items.Select(TemplateValue.Print).ToArray();
        evaluator.Budget.Make(parts.Sum(part => (long)part.Length) + ((long)separator.Length * parts.Length), line);
        return string.Join(separator, parts);
    }

    /// <summary>Replaces the first <paramref name="most"/> occurrences (all if negative).</summary>
    public static string Replace(ExpressionEvaluator evaluator, string text, string what, string by, long most, int line)
    {
        if (what.Length == 0)
        {
            throw new ChatTemplateException("replace needs something to look for", line);
        }

        long count = text.AsSpan().Count(what);
        count = most < 0 ? count : Math.Min(count, most);
        evaluator.Budget.Make(text.Length + (count * by.Length), line);
        if (most < 0)
        {
            return text.Replace(what, by, StringComparison.Ordinal);
        }

        int at = 0;
        var result = new System.Text.StringBuilder();
        for (long i = 0; i < count; i++)
        {
            int found = text.IndexOf(what, at, StringComparison.Ordinal);
            result.Append(text, at, found - at).Append(by);
            at = found + what.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static List<object?> Split(ExpressionEvaluator evaluator, string text, IReadOnlyList<object?> arguments,
        bool fromEnd, int line)
    {
        string? separator = arguments.FirstOrDefault() as string;
        long most = arguments.Count > 1 && arguments[1] is long given && given >= 0 ? given : int.MaxValue - 1;
        if (separator is { Length: 0 })
        {
            throw new ChatTemplateException("split needs a separator that is not empty", line);
        }

        var parts = separator is null ? text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToList()
            : text.Split(separator).ToList();
        evaluator.Budget.Make(parts.Count, line);
        if (parts.Count > most + 1)
        {
            string between = separator ?? " ";
            int keep = (int)most;
            parts = fromEnd
                ? [string.Join(between, parts[..^keep]), .. parts[^keep..]]
                : [.. parts[..keep], string.Join(between, parts[keep..])];
        }

        return parts.ToList<object?>();
    }
}
