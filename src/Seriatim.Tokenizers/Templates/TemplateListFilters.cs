namespace Seriatim.Tokenizers;

/// <summary>
/// The filters of templates that work on lists and dictionaries. Those that Jinja writes as generators give their items when they
/// are wanted: a generator is always true, has no length, and can be read once.
/// </summary>
internal static class TemplateListFilters
{
    /// <summary>The rows of the table.</summary>
    public static readonly TemplateTable Rows = new(
        new("first", "", First),
        new("last", "", Last),
        new("list", "", call => call.Items().ToList()),
        new("reverse", "", Reverse),
        new("items", "", call => Generate(call, call.Subject switch
        {
            Undefined => [],
            TemplateMap map => new TemplateView(map, "dict_items").Items,
            _ => throw call.Refuse($"needs a dictionary, not {TemplateValue.TypeOf(call.Subject)}"),
        })),
        new("join", "d? attribute?", Join),
        new("sum", "attribute? start?", Sum),
        new("min", "case_sensitive? attribute?", call => Extreme(call, 1)),
        new("max", "case_sensitive? attribute?", call => Extreme(call, -1)),
        new("unique", "case_sensitive? attribute?", call => Generate(call, Unique(call))),
        new("sort", "reverse? case_sensitive? attribute?",
            call => Sort(call, call.Items(), call.Truth(0), Keys(call, call.Or(2, null), call.Truth(1)))),
        new("dictsort", "case_sensitive? by? reverse?", DictionarySort),
        new("groupby", "attribute default? case_sensitive?", Group),
        new("batch", "linecount fill_with?", call => Generate(call, Batch(call))),
        new("slice", "slices fill_with?", call => Generate(call, Slice(call))),
        new("map", "* **", call => Generate(call, Map(call))),
        new("select", "* **", call => Generate(call, Select(call, wanted: true, byAttribute: false))),
        new("reject", "* **", call => Generate(call, Select(call, wanted: false, byAttribute: false))),
        new("selectattr", "* **", call => Generate(call, Select(call, wanted: true, byAttribute: true))),
        new("rejectattr", "* **", call => Generate(call, Select(call, wanted: false, byAttribute: true))));

    private static TemplateGenerator Generate(TemplateCall call, IEnumerable<object?> items) => new(call.Routine, items);

    private static object? First(TemplateCall call)
    {
        if (call.Subject is TemplateGenerator generator)
            return generator.TryTake(out object? item) ? item : new Undefined("the first item of nothing");
        return call.Items() is [var first, ..] ? first : new Undefined("the first item of nothing");
    }

    private static object? Last(TemplateCall call) => call.Subject is TemplateGenerator
        ? throw call.Refuse($"does not work on {TemplateValue.TypeOf(call.Subject)}")
        : call.Items() is [.., var last] ? last : new Undefined("the last item of nothing");

    private static object? Reverse(TemplateCall call)
    {
        if (call.Subject is string text)
        {
            List<string> points = TemplateText.Points(text);
            points.Reverse();
            call.Budget.Make(text.Length, call.Line);
            return string.Concat(points);
        }

        List<object?> items = [.. call.Items()];
        call.Budget.Make(items.Count, call.Line);
        items.Reverse();
        return call.Subject is TemplateGenerator ? items : Generate(call, items);
    }

    private static object Join(TemplateCall call)
    {
        object? attribute = call.Or(1, null);
        string separator = call.Has(0) ? call.Print(call[0]) : "";
        return TemplateTextMethods.Join(call, separator,
            call.Items().Select(item => call.Print(call.Run.Path(item, attribute, call.Line))));
    }

    private static object? Sum(TemplateCall call)
    {
        object? sum = call.Or(1, 0L);
        if (sum is string)
            throw call.Refuse("adds numbers or lists; use join for strings");
        foreach (object? item in call.Items())
            sum = TemplateOperators.Apply(call.Run, "+", sum, call.Run.Path(item, call.Or(0, null), call.Line), call.Line);
        return sum;
    }

    private static object? Extreme(TemplateCall call, int sign)
    {
        Func<object?, object?> key = Key(call, call.Or(1, null), call.Truth(0));
        IReadOnlyList<object?> items = call.Items();
        if (items.Count == 0)
            return new Undefined("the smallest or largest item of nothing");
        object? best = items[0], bestKey = key(best);
        foreach (object? item in items.Skip(1))
        {
            object? itemKey = key(item);
            if (sign * TemplateComparison.Compare(itemKey, bestKey, call.Budget, call.Line) < 0)
                (best, bestKey) = (item, itemKey);
        }

        return best;
    }

    private static IEnumerable<object?> Unique(TemplateCall call)
    {
        Func<object?, object?> key = Key(call, call.Or(1, null), call.Truth(0));
        var seen = new TemplateMap();
        foreach (object? item in call.Items())
        {
            object? itemKey = call.Run.Key(key(item), call.Line);
            if (seen.TryGet(itemKey, out _))
                continue;
            seen.Set(itemKey, null);
            yield return item;
        }
    }

    private static List<object?> DictionarySort(TemplateCall call)
    {
        if (call.Subject is not TemplateMap map)
            throw call.Refuse($"needs a dictionary, not {TemplateValue.TypeOf(call.Subject)}");
        string by = call.TextOr(1, "key")!;
        if (by is not ("key" or "value"))
            throw call.Refuse($"sorts by key or value, not by {by}");
        bool sensitive = call.Truth(0);
        int place = by == "key" ? 0 : 1;
        return Sort(call, new TemplateView(map, "dict_items").Items, call.Truth(2),
            item => Fold(((TemplateTuple)item!).Items[place], sensitive));
    }

    private static List<object?> Sort(TemplateCall call, IReadOnlyList<object?> items, bool reverse, Func<object?, object?> key)
    {
        call.Budget.Make(items.Count, call.Line);
        return TemplateComparison.Sorted(items, key, reverse, call.Budget, call.Line);
    }

    private static List<object?> Group(TemplateCall call)
    {
        object? attribute = call[0], otherwise = call.Or(1, null);
        bool sensitive = call.Truth(2);
        TemplateCall here = call;
        object? Raw(object? item) => here.Run.Path(item, attribute, here.Line, otherwise);
        var groups = new List<object?>();
        object? last = null;
        List<object?>? members = null;
        foreach (object? item in Sort(call, call.Items(), false, item => Fold(Raw(item), sensitive)))
        {
            object? key = Fold(Raw(item), sensitive);
            if (members is null || !TemplateComparison.Same(key, last, call.Budget, call.Line))
            {
                members = [];
                groups.Add(new TemplateTuple([sensitive ? key : Raw(item), members], "grouper", "list"));
            }

            members.Add(item);
            last = key;
        }

        return groups;
    }

    private static IEnumerable<object?> Batch(TemplateCall call)
    {
        long size = call.Integer(0, 1);
        object? fill = call.Or(1, null);
        List<object?> batch = [];
        foreach (object? item in call.Items())
        {
            if (batch.Count == size)
            {
                yield return batch;
                batch = [];
            }

            batch.Add(item);
        }

        if (batch.Count == 0)
            yield break;
        if (fill is not null && batch.Count < size)
        {
            call.Budget.Make(size, call.Line);
            batch.AddRange(Enumerable.Repeat(fill, (int)size - batch.Count));
        }

        yield return batch;
    }

    private static IEnumerable<object?> Slice(TemplateCall call)
    {
        long slices = call.Integer(0, 1);
        object? fill = call.Or(1, null);
        IReadOnlyList<object?> items = call.Items();
        if (slices == 0)
            throw call.Refuse("cannot make 0 slices");
        call.Budget.Make(Math.Max(0, slices) + items.Count, call.Line);
        int at = 0;
        for (long i = 0; i < slices; i++)
        {
            int count = (int)((items.Count / slices) + (i < items.Count % slices ? 1 : 0));
            List<object?> slice = [.. items.Skip(at).Take(count)];
            at += count;
            if (fill is not null && i >= items.Count % slices)
                slice.Add(fill);
            yield return slice;
        }
    }

    private static IEnumerable<object?> Map(TemplateCall call)
    {
        TemplateArguments given = call.Given;
        if (given.Values.Count == 0)
        {
            if (!given.Named.TryGetValue("attribute", out object? attribute))
                throw call.Refuse("needs a filter or attribute=");
            if (given.Named.Keys.FirstOrDefault(name => name is not ("attribute" or "default")) is { } unknown)
                throw call.Refuse($"has no argument called {unknown}");
            object? otherwise = given.Named.GetValueOrDefault("default");
            return Falsy(call) ? [] : call.Items().Select(item => call.Run.Path(item, attribute, call.Line, otherwise));
        }

        string filter = given.Values[0] as string ?? throw call.Refuse("needs the name of a filter");
        TemplateArguments rest = given.Skip(1);
        return Falsy(call) ? [] : call.Items().Select(item => call.Run.Filter(filter, item, rest, call.Line));
    }

    private static IEnumerable<object?> Select(TemplateCall call, bool wanted, bool byAttribute)
    {
        TemplateArguments given = call.Given;
        int skip = byAttribute ? 1 : 0;
        if (given.Values.Count < skip)
            throw call.Refuse("needs the name of an attribute");
        object? path = byAttribute ? given.Values[0] : null;
        string? test = given.Values.Count > skip
            ? given.Values[skip] as string ?? throw call.Refuse("needs the name of a test")
            : null;
        TemplateArguments rest = given.Skip(skip + 1);
        return Falsy(call) ? [] : call.Items().Where(item =>
        {
            object? value = call.Run.Path(item, path, call.Line);
            return (test is null ? TemplateValue.Truth(value) : call.Run.Test(test, value, rest, call.Line)) == wanted;
        });
    }

    /// <summary>Jinja does not even look into what counts as false: none goes through as an empty list does.</summary>
    private static bool Falsy(TemplateCall call) => !TemplateValue.Truth(call.Subject);

    private static Func<object?, object?> Key(TemplateCall call, object? attribute, bool sensitive) =>
        item => Fold(call.Run.Path(item, attribute, call.Line), sensitive);

    /// <summary>The key of <c>sort</c>, which may name several attributes with commas between them.</summary>
    private static Func<object?, object?> Keys(TemplateCall call, object? attribute, bool sensitive)
    {
        if (attribute is not string names || !names.Contains(',', StringComparison.Ordinal))
            return Key(call, attribute, sensitive);
        string[] paths = names.Split(',');
        return item => paths.Select(path => Fold(call.Run.Path(item, path, call.Line), sensitive)).ToList();
    }

    private static object? Fold(object? value, bool sensitive) =>
        value is string text && !sensitive ? TemplateCasing.ToLower(text) : value;
}
