namespace Seriatim.Tokenizers;

/// <summary>The filters of templates that work on lists and dictionaries.</summary>
internal static class TemplateListFilters
{
    /// <summary>Applies a filter.</summary>
    public static object? Apply(ExpressionEvaluator evaluator, string name, object? value, IReadOnlyList<object?> arguments,
        IReadOnlyDictionary<string, object?> named, int line)
    {
        List<object?> Items() => evaluator.Items(value, line);
        switch (name)
        {
            case "first":
                return Items() is [var first, ..] ? first : new Undefined("the first item");
            case "last":
                return Items() is [.., var last] ? last : new Undefined("the last item");
            case "list":
                return Items().ToList();
            case "reverse":
                var reversed = Items().ToList();
                reversed.Reverse();
                return value is string ? string.Concat(reversed) : reversed;
            case "items":
                return value is Undefined ? new List<object?>()
                    : value is TemplateMap map ? TemplateMethods.OfMap(map, "items")!([], new Dictionary<string, object?>())
                    : throw new ChatTemplateException($"items needs a dictionary, not {TemplateValue.TypeOf(value)}", line);
            case "dictsort":
                return value is TemplateMap sorted
                    ? sorted.Items.OrderBy(item => item.Key, StringComparer.OrdinalIgnoreCase)
                        .Select(item => (object?)new List<object?> { item.Key, item.Value }).ToList()
                    : throw new ChatTemplateException($"dictsort needs a dictionary, not {TemplateValue.TypeOf(value)}", line);
            case "sort":
                return Sort(evaluator, Items(), arguments, named, line);
            case "unique":
                return Unique(Items());
            case "sum":
                return Items().Aggregate((object?)0L, (sum, item) => TemplateOperators.Apply(evaluator, "+", sum, item, line));
            case "min" or "max":
                int sign = name == "min" ? 1 : -1;
                return Items().Count == 0 ? new Undefined($"the {name}")
                    : Items().Aggregate((best, item) => sign * TemplateOperators.Compare(item, best, line) < 0 ? item : best);
            case "map":
                return Map(evaluator, Items(), arguments, named, line);
            case "select" or "reject":
                return Items().Where(item => Passes(item, arguments, 0, line) == (name == "select")).ToList();
            case "selectattr" or "rejectattr":
                if (arguments.Count == 0)
                {
                    throw new ChatTemplateException($"{name} needs the name of an attribute", line);
                }

                return Items().Where(item => Passes(Attribute(evaluator, item, arguments[0], line), arguments, 1, line)
                    == (name == "selectattr")).ToList();
            default:
                throw new ChatTemplateException($"the filter \"{name}\" is not supported", line);
        }
    }

    private static List<object?> Map(ExpressionEvaluator evaluator, List<object?> items, IReadOnlyList<object?> arguments,
        IReadOnlyDictionary<string, object?> named, int line)
    {
        if (named.TryGetValue("attribute", out object? attribute))
        {
            return items.ConvertAll(item => Attribute(evaluator, item, attribute, line) is Undefined
                && named.TryGetValue("default", out object? other)
                ? other : Attribute(evaluator, item, attribute, line));
        }

        string filter = arguments.FirstOrDefault() as string ?? throw new ChatTemplateException("map needs a filter or attribute=", line);
        return items.ConvertAll(item => TemplateFilters.Apply(evaluator, filter, item, arguments.Skip(1).ToArray(), named, line));
    }

    /// <summary>An attribute, perhaps of an attribute: <c>function.name</c>.</summary>
    private static object? Attribute(ExpressionEvaluator evaluator, object? item, object? path, int line)
    {
        if (path is not string names)
        {
            return evaluator.Member(item, path, line);
        }

        foreach (string name in names.Split('.'))
        {
            item = evaluator.Member(item, name, line);
        }

        return item;
    }

    private static bool Passes(object? value, IReadOnlyList<object?> arguments, int at, int line) => at >= arguments.Count
        ? TemplateValue.Truth(value)
        : TemplateTests.Apply(arguments[at] switch
        {
            "==" => "eq",
            "!=" => "ne",
            "<" => "lt",
            ">" => "gt",
            "<=" => "le",
            ">=" => "ge",
            var test => TemplateValue.Print(test)
        },
            value, arguments.Skip(at + 1).ToArray(), line);

    private static List<object?> Sort(ExpressionEvaluator evaluator, List<object?> items, IReadOnlyList<object?> arguments,
        IReadOnlyDictionary<string, object?> named, int line)
    {
        bool reverse = TemplateValue.Truth(arguments.Count > 0 ? arguments[0] : named.GetValueOrDefault("reverse", false));
        object? attribute = named.GetValueOrDefault("attribute");
        var keyed = items.Select(item => (Item: item, Key: Fold(attribute is null ? item : Attribute(evaluator, item,
            attribute, line))));
        var order = Comparer<object?>.Create((a, b) => TemplateOperators.Compare(a, b, line));
        return (reverse ? keyed.OrderByDescending(pair => pair.Key, order) : keyed.OrderBy(pair => pair.Key, order))
            .Select(pair => pair.Item).ToList();
    }

    private static object? Fold(object? value) => value is string text ? text.ToLowerInvariant() : value;

    private static List<object?> Unique(List<object?> items)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return items.Where(item => seen.Add(TemplateValue.Repr(Fold(item), 0))).ToList();
    }
}
