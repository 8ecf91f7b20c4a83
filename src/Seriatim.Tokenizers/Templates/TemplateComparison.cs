using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>
/// Equality, order and membership as in Python. Every pair of nodes is a step of the budget; the same object is equal to
/// itself without a look inside, as in Python.
/// </summary>
internal static class TemplateComparison
{
    /// <summary>Whether two values are equal.</summary>
    public static bool Same(object? a, object? b, TemplateBudget budget, int line, int depth = 0)
    {
        budget.Step(line);
        if (depth > TemplateBudget.MaxDepth)
            throw TemplateBudget.TooDeep(line);
        switch (a, b)
        {
            case (string x, string y):
                budget.Scan(Math.Min(x.Length, y.Length), line);
                return x == y;
            case (Undefined, Undefined):
                return true;
            case (List<object?> x, List<object?> y):
                return SameItems(x, y, budget, line, depth);
            case (TemplateTuple x, TemplateTuple y):
                return SameItems(x.Items, y.Items, budget, line, depth);
            case (TemplateMap x, TemplateMap y):
                return ReferenceEquals(x, y) || (x.Count == y.Count && x.Items.All(item =>
                    y.TryGet(item.Key, out object? other) && SameItem(item.Value, other, budget, line, depth)));
            case (TemplateRange x, TemplateRange y):
                return x.Count == y.Count && (x.Count == 0 || (x.Start == y.Start && (x.Count == 1 || x.Step == y.Step)));
            case (TemplateView, TemplateView):
                throw new ChatTemplateException("views of dictionaries cannot be compared; make lists of them with | list", line);
            case (TemplateMarkup x, _):
                return Same(x.Text, b, budget, line, depth + 1);
            case (_, TemplateMarkup y):
                return Same(a, y.Text, budget, line, depth + 1);
            case (TemplateBytes x, TemplateBytes y):
                return x.Bytes.AsSpan().SequenceEqual(y.Bytes);
            default:
                return a is null ? b is null
                    : IsNumber(a) && IsNumber(b) ? CompareNumbers(a, b) == 0
                    : a.Equals(b);
        }
    }

    /// <summary>The order of two numbers, strings, lists or tuples; null if NaN has a part in it.</summary>
    public static int? Compare(object? a, object? b, TemplateBudget budget, int line, int depth = 0)
    {
        budget.Step(line);
        if (depth > TemplateBudget.MaxDepth)
            throw TemplateBudget.TooDeep(line);
        if (IsNumber(a) && IsNumber(b))
            return CompareNumbers(a, b);
        switch (a, b)
        {
            case (string x, string y):
                budget.Scan(Math.Min(x.Length, y.Length), line);
                return TemplateText.Compare(x, y);
            case (List<object?> x, List<object?> y):
                return CompareItems(x, y, budget, line, depth);
            case (TemplateTuple x, TemplateTuple y):
                return CompareItems(x.Items, y.Items, budget, line, depth);
            default:
                throw new ChatTemplateException($"{TemplateValue.TypeOf(a)} and {TemplateValue.TypeOf(b)} cannot be compared",
                    line);
        }
    }

    /// <summary>Whether a container holds an item.</summary>
    public static bool Contains(ExpressionEvaluator run, object? container, object? item, int line)
    {
        switch (container)
        {
            case string text when item is string part:
                return TemplateSearch.First(text, part, 0, run.Budget, line) >= 0;
            case TemplateMap map:
                return map.TryGet(run.Key(item, line), out _);
            case TemplateView { Kind: "dict_keys" } view:
                return view.Map.TryGet(run.Key(item, line), out _);
            case Undefined or List<object?> or TemplateTuple or TemplateRange or TemplateView or TemplateGenerator:
                return run.Items(container, line).Any(other => SameItem(other, item, run.Budget, line, 0));
            default:
                throw new ChatTemplateException($"{TemplateValue.TypeOf(container)} cannot hold {TemplateValue.TypeOf(item)}",
                    line);
        }
    }

    /// <summary>As items of containers are compared: the same object is equal, NaN too.</summary>
    public static bool SameItem(object? a, object? b, TemplateBudget budget, int line, int depth) =>
        ReferenceEquals(a, b) || Same(a, b, budget, line, depth + 1);

    /// <summary>Items in the order of their keys; equal ones keep their places, as in Python.</summary>
    public static List<T> Sorted<T>(IEnumerable<T> items, Func<T, object?> key, bool reverse, TemplateBudget budget, int line)
    {
        var order = Comparer<object?>.Create((a, b) => Compare(a, b, budget, line) ?? 0);
        try
        {
            return [.. reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
        }
        catch (InvalidOperationException failure) when (failure.InnerException is ChatTemplateException inner)
        {
            throw new ChatTemplateException(inner.Message);
        }
    }

    private static bool SameItems(List<object?> a, List<object?> b, TemplateBudget budget, int line, int depth)
    {
        if (ReferenceEquals(a, b))
            return true;
        if (a.Count != b.Count)
            return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (!SameItem(a[i], b[i], budget, line, depth))
                return false;
        }

        return true;
    }

    private static int? CompareItems(List<object?> a, List<object?> b, TemplateBudget budget, int line, int depth)
    {
        for (int i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!SameItem(a[i], b[i], budget, line, depth))
                return Compare(a[i], b[i], budget, line, depth + 1);
        }

        return a.Count.CompareTo(b.Count);
    }

    private static bool IsNumber(object? value) => value is long or double or bool or BigInteger;

    private static int? CompareNumbers(object? a, object? b)
    {
        if (TemplateValue.Integer(a) is { } x && TemplateValue.Integer(b) is { } y)
            return x.CompareTo(y);
        double left = TemplateValue.Number(a)!.Value, right = TemplateValue.Number(b)!.Value;
        if (double.IsNaN(left) || double.IsNaN(right))
            return null;
        if (left != right || (a is double && b is double) || !double.IsFinite(left))
            return left.CompareTo(right);

        // An integer that a double cannot hold: the rounded one is equal, the exact one may not be.
        return (TemplateValue.Integer(a) ?? new BigInteger(left)).CompareTo(TemplateValue.Integer(b) ?? new BigInteger(right));
    }
}
