namespace Seriatim.Tokenizers;

/// <summary>The operators of templates.</summary>
internal static class TemplateOperators
{
    /// <summary>Applies a binary operator.</summary>
    public static object? Apply(ExpressionEvaluator evaluator, string op, object? left, object? right, int line)
    {
        switch (op)
        {
            case "==":
                return TemplateValue.Same(left, right);
            case "!=":
                return !TemplateValue.Same(left, right);
            case "~":
                string joined = TemplateValue.Print(left) + TemplateValue.Print(right);
                evaluator.Budget.Make(joined.Length, line);
                return joined;
            case "in":
                return Contains(right, left, line);
            case "not in":
                return !Contains(right, left, line);
            case "<" or "<=" or ">" or ">=":
                int order = Compare(left, right, line);
                return op switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
            case "+" when left is string a && right is string b:
                evaluator.Budget.Make(a.Length + (long)b.Length, line);
                return a + b;
            case "+" when left is List<object?> a && right is List<object?> b:
                evaluator.Budget.Make(a.Count + (long)b.Count, line);
                return new List<object?>([.. a, .. b]);
            case "*" when left is string text && right is long times:
                evaluator.Budget.Make(text.Length * Math.Clamp(times, 0, int.MaxValue), line);
                return string.Concat(Enumerable.Repeat(text, (int)Math.Max(0, times)));
            default:
                return Arithmetic(op, left, right, line);
        }
    }

    /// <summary>Order of two numbers or two strings.</summary>
    public static int Compare(object? left, object? right, int line)
    {
        if (left is string a && right is string b)
        {
            return string.CompareOrdinal(a, b);
        }

        return TemplateValue.Number(left) is { } x && TemplateValue.Number(right) is { } y ? x.CompareTo(y)
            : throw new ChatTemplateException($"{TemplateValue.TypeOf(left)} and {TemplateValue.TypeOf(right)} cannot be compared", line);
    }

    /// <summary>Whether a container holds an item.</summary>
    public static bool Contains(object? container, object? item, int line) => container switch
    {
        string text when item is string part => text.Contains(part, StringComparison.Ordinal),
        List<object?> list => list.Any(other => TemplateValue.Same(other, item)),
        TemplateMap map => item is string key && map.TryGet(key, out _),
        Undefined => false,
        _ => throw new ChatTemplateException($"{TemplateValue.TypeOf(container)} cannot hold {TemplateValue.TypeOf(item)}", line),
    };

    private static object Arithmetic(string op, object? left, object? right, int line)
    {
        if (TemplateValue.Number(left) is not { } x || TemplateValue.Number(right) is not { } y)
        {
            throw new ChatTemplateException($"{op} is not defined for {TemplateValue.TypeOf(left)} and {TemplateValue.TypeOf(right)}", line);
        }

        if (op is "/" or "//" or "%" && y == 0)
        {
            throw new ChatTemplateException("division by zero", line);
        }

        bool integers = left is long or bool && right is long or bool;
        try
        {
            return integers && op is not "/" && !(op == "**" && y < 0) ? Integers(op, Convert.ToInt64(left),
                Convert.ToInt64(right))
                : Floats(op, x, y);
        }
        catch (OverflowException)
        {
            throw new ChatTemplateException("a number is too large", line);
        }
    }

    private static object Integers(string op, long x, long y)
    {
        checked
        {
            switch (op)
            {
                case "+":
                    return x + y;
                case "-":
                    return x - y;
                case "*":
                    return x * y;
                case "//":
                    return FloorDivide(x, y);
                case "%":
                    return x - (FloorDivide(x, y) * y);
                default:
                    double power = Math.Pow(x, y);
                    return Math.Abs(power) < 9e15 ? (long)power : throw new OverflowException();
            }
        }
    }

    private static long FloorDivide(long x, long y)
    {
        if (y == -1)
        {
            return checked(-x);
        }

        long quotient = x / y;
        return x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient;
    }

    private static object Floats(string op, double x, double y) => op switch
    {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "/" => x / y,
        "//" => Math.Floor(x / y),
        "%" => x - (Math.Floor(x / y) * y),
        _ => Math.Pow(x, y),
    };
}
