using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>The operators of templates, as in Python.</summary>
internal static class TemplateOperators
{
    /// <summary>Applies a comparison.</summary>
    public static bool Compare(ExpressionEvaluator run, string op, object? left, object? right, int line)
    {
        switch (op)
        {
            case "==":
                return TemplateComparison.Same(left, right, run.Budget, line);
            case "!=":
                return !TemplateComparison.Same(left, right, run.Budget, line);
            case "in":
                return TemplateComparison.Contains(run, right, left, line);
            case "not in":
                return !TemplateComparison.Contains(run, right, left, line);
            default:
                int? order = TemplateComparison.Compare(left, right, run.Budget, line);
                return op switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
        }
    }

    /// <summary>Applies a binary operator.</summary>
    public static object? Apply(ExpressionEvaluator run, string op, object? left, object? right, int line)
    {
        switch (op)
        {
            case "+" when left is string a && right is string b:
                run.Budget.Make(a.Length + (long)b.Length, line);
                return a + b;
            case "+" when (left is TemplateMarkup && right is string or TemplateMarkup)
                || (left is string && right is TemplateMarkup):
                string joined = Escaped(left) + Escaped(right);
                run.Budget.Make(joined.Length, line);
                return new TemplateMarkup(joined);
            case "+" when left is List<object?> a && right is List<object?> b:
                run.Budget.Make(a.Count + (long)b.Count, line);
                return new List<object?>([.. a, .. b]);
            case "+" when left is TemplateTuple a && right is TemplateTuple b:
                run.Budget.Make(a.Items.Count + (long)b.Items.Count, line);
                return new TemplateTuple([.. a.Items, .. b.Items]);
            case "*" when IsSequence(left) && TemplateValue.Integer(right) is { } times:
                return Repeat(run, left, times, line);
            case "*" when IsSequence(right) && TemplateValue.Integer(left) is { } times:
                return Repeat(run, right, times, line);
            case "%" when left is string format:
                return TemplatePercentFormat.Apply(run, format, right, line);
            default:
                return Arithmetic(op, left, right, line);
        }
    }

    /// <summary>Applies a sign.</summary>
    public static object Sign(string sign, object? value, int line) => value switch
    {
        double number => sign == "-" ? -number : number,
        _ when TemplateValue.Integer(value) is { } integer => TemplateBudget.Integer(sign == "-" ? -integer : integer, line),
        _ => throw new ChatTemplateException($"{sign} is not defined for {TemplateValue.TypeOf(value)}", line),
    };

    /// <summary>Text that meets escaped text is escaped, in Jinja even where nothing else is.</summary>
    private static string Escaped(object? value) => (value as TemplateMarkup)?.Text ?? TemplateText.Escape((string)value!);

    private static bool IsSequence(object? value) => value is string or List<object?> or TemplateTuple;

    private static object Repeat(ExpressionEvaluator run, object? value, BigInteger times, int line)
    {
        int length = value is string text ? text.Length : TemplateValue.ListOf(value)!.Count;
        times = BigInteger.Max(times, 0);
        run.Budget.Make((long)BigInteger.Min(length * times, long.MaxValue >> 1), line);
        int count = length == 0 ? 0 : (int)times;
        if (value is string source)
            return new System.Text.StringBuilder(length * count).Insert(0, source, count).ToString();
        List<object?> items = TemplateValue.ListOf(value)!;
        List<object?> repeated = [.. Enumerable.Repeat(items, count).SelectMany(part => part)];
        return value is TemplateTuple ? new TemplateTuple(repeated) : repeated;
    }

    private static object Arithmetic(string op, object? left, object? right, int line)
    {
        if (TemplateValue.Number(left) is not { } x || TemplateValue.Number(right) is not { } y)
        {
            throw new ChatTemplateException(
                $"{op} is not defined for {TemplateValue.TypeOf(left)} and {TemplateValue.TypeOf(right)}", line);
        }

        if (op is "/" or "//" or "%" && y == 0)
            throw new ChatTemplateException($"{op}: division by zero", line);
        if (TemplateValue.Integer(left) is { } a && TemplateValue.Integer(right) is { } b && !(op == "**" && b.Sign < 0))
            return op == "/" ? Finite(TemplateNumber.Divide(a, b), op, line) : Integers(op, a, b, line);
        if ((double.IsInfinity(x) && left is not double) || (double.IsInfinity(y) && right is not double))
            throw new ChatTemplateException($"{op}: an integer is too large for a float", line);
        return Floats(op, x, y, line);
    }

    private static object Integers(string op, BigInteger x, BigInteger y, int line)
    {
        if (op == "**" && x.GetBitLength() * (double)y > TemplateBudget.MaxBits && !x.IsZero && !BigInteger.Abs(x).IsOne)
            throw new ChatTemplateException($"**: the result has more than {TemplateBudget.MaxBits} bits", line);
        BigInteger result = op switch
        {
            "+" => x + y,
            "-" => x - y,
            "*" => x * y,
            "//" => FloorDivide(x, y),
            "%" => x - (FloorDivide(x, y) * y),
            _ => x.IsZero || BigInteger.Abs(x).IsOne ? Trivial(x, y) : BigInteger.Pow(x, (int)y),
        };
        return TemplateBudget.Integer(result, line);

        static BigInteger Trivial(BigInteger x, BigInteger y) => y.IsZero ? 1 : y.IsEven ? x * x : x;
    }

    private static BigInteger FloorDivide(BigInteger x, BigInteger y)
    {
        BigInteger quotient = BigInteger.DivRem(x, y, out BigInteger rest);
        return !rest.IsZero && x.Sign * y.Sign < 0 ? quotient - 1 : quotient;
    }

    private static object Floats(string op, double x, double y, int line)
    {
        switch (op)
        {
            case "+":
                return x + y;
            case "-":
                return x - y;
            case "*":
                return x * y;
            case "/":
                return x / y;
            case "//" or "%":
                double rest = x % y;
                if (rest == 0)
                    rest = Math.CopySign(0, y);
                else if ((y < 0) != (rest < 0))
                    rest += y;
                return op == "%" ? rest : FloorOf(x, y, rest);
            default:
                if (x == 0 && y < 0)
                    throw new ChatTemplateException("**: zero cannot be raised to a negative power", line);
                if (x < 0 && double.IsFinite(x) && y != Math.Floor(y))
                    throw new ChatTemplateException("**: the result is a complex number, which is not supported", line);
                double power = Math.Pow(x, y);
                return double.IsFinite(x) && double.IsFinite(y) ? Finite(power, op, line) : power;
        }
    }

    /// <summary>The quotient that belongs to a rest, as Python's float division finds it.</summary>
    private static double FloorOf(double x, double y, double rest)
    {
        double quotient = (x - rest) / y;
        if (quotient == 0)
            return Math.CopySign(0, x / y);
        double floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double Finite(double value, string op, int line) => double.IsFinite(value) ? value
        : throw new ChatTemplateException($"{op}: the result is too large for a float", line);
}
