using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Evaluates the expressions of a template.</summary>
internal sealed partial class ExpressionEvaluator(TemplateBudget budget)
{
    private const int MaxDepth = 400;

    private int _depth;
    private int _calls;

    /// <summary>The budget of this rendering.</summary>
    public TemplateBudget Budget => budget;

    /// <summary>Evaluates an expression; <paramref name="block"/> is the text a filter of a block starts from.</summary>
    public object? Evaluate(Expression expression, TemplateScope scope, string? block = null)
    {
        budget.Step(expression.Line);
        if (++_depth > MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new ChatTemplateException($"expressions and calls nest deeper than {MaxDepth} levels", expression.Line);
        object? value = EvaluateHere(expression, scope, block);
        _depth--;
        return value;
    }

    /// <summary>Runs the body of a macro or of a recursive loop, which may call itself only so deeply.</summary>
    public T Nested<T>(Func<T> body, int line)
    {
        if (++_calls > TemplateBudget.MaxCalls)
            throw new ChatTemplateException($"macros and loops call each other more than {TemplateBudget.MaxCalls} deep", line);
        T result = body();
        _calls--;
        return result;
    }

    private object? EvaluateHere(Expression expression, TemplateScope scope, string? block) => expression switch
    {
        LiteralExpression literal => literal.Value,
        NameExpression name => scope.Get(name.Name),
        ListExpression list => Values(list.Items, scope),
        TupleExpression tuple => new TemplateTuple(Values(tuple.Items, scope)),
        MapExpression map => EvaluateMap(map, scope),
        AttributeExpression attribute => Attribute(Evaluate(attribute.Target, scope), attribute.Name, attribute.Line),
        ItemExpression item => Item(Evaluate(item.Target, scope), Evaluate(item.Key, scope), item.Line),
        SliceExpression slice => Slice(slice, scope),
        CallExpression call => Call(call, scope),
        FilterExpression filter => Filter(filter.Name, filter.Value is null ? block : Evaluate(filter.Value, scope, block),
            Arguments(filter.Arguments, scope), filter.Line),
        TestExpression test => Test(test.Name, Evaluate(test.Value, scope), Arguments(test.Arguments, scope), test.Line),
        NotExpression not => !TemplateValue.Truth(Evaluate(not.Value, scope)),
        SignExpression sign => TemplateOperators.Sign(sign.Sign, Evaluate(sign.Value, scope), sign.Line),
        LogicalExpression logical => Logical(logical, scope),
        CompareExpression compare => Compare(compare, scope),
        ConcatExpression concat => Concat(concat, scope),
        BinaryExpression binary => TemplateOperators.Apply(this, binary.Operator, Evaluate(binary.Left, scope),
            Evaluate(binary.Right, scope), binary.Line),
        ConditionalExpression conditional => TemplateValue.Truth(Evaluate(conditional.Condition, scope))
            ? Evaluate(conditional.Value, scope)
            : conditional.Otherwise is null ? new Undefined("the value of an if without else")
            : Evaluate(conditional.Otherwise, scope),
        _ => throw new InvalidOperationException(expression.GetType().Name),
    };

    /// <summary>Applies a filter by name.</summary>
    public object? Filter(string name, object? value, TemplateArguments arguments, int line) =>
        (TemplateFilters.All.Find(name) ?? throw new ChatTemplateException($"the filter \"{name}\" is not supported", line))
            .Apply(this, value, arguments, line);

    /// <summary>Applies a test by name.</summary>
    public bool Test(string name, object? value, TemplateArguments arguments, int line) =>
        (bool)(TemplateTests.All.Find(name) ?? throw new ChatTemplateException($"the test \"{name}\" is not supported", line))
            .Apply(this, value, arguments, line)!;

    /// <summary>What a loop goes over: items, keys of a dictionary, characters of a string.</summary>
    public IReadOnlyList<object?> Items(object? value, int line)
    {
        switch (value)
        {
            case List<object?> list:
                return list;
            case TemplateTuple tuple:
                return tuple.Items;
            case Undefined:
                return [];
        }

        List<object?> items = value switch
        {
            TemplateMap map => [.. map.Keys],
            TemplateView view => view.Items,
            string text => [.. TemplateText.Points(text)],
            TemplateRange range => Enumerable.Range(0, (int)range.Count).Select(place => (object?)range[place]).ToList(),
            TemplateGenerator generator => Drain(generator, line),
            _ => throw new ChatTemplateException($"{TemplateValue.TypeOf(value)} cannot be looped over", line),
        };
        budget.Make(items.Count, line);
        return items;
    }

    /// <summary>A value that can be the key of a dictionary.</summary>
    public object? Key(object? value, int line)
    {
        budget.Scan((value as string)?.Length ?? 0, line);
        return TemplateMap.IsKey(value) ? value
            : throw new ChatTemplateException($"{TemplateValue.TypeOf(value)} cannot be the key of a dictionary", line);
    }

    /// <summary>Calls a function, a method, a macro or a loop.</summary>
    public object? Call(object? target, string name, TemplateArguments arguments, int line) =>
        target is ITemplateCallable callable
            ? callable.Call(this, arguments, line)
            : throw new ChatTemplateException(target is Undefined undefined ? $"{undefined.Problem}, so it cannot be called"
                : $"{name} is {TemplateValue.TypeOf(target)} and cannot be called", line);

    /// <summary>The arguments of a call, those behind stars spread.</summary>
    public TemplateArguments Arguments(IReadOnlyList<Argument> arguments, TemplateScope scope)
    {
        if (arguments.Count == 0)
            return TemplateArguments.None;
        var values = new List<object?>(arguments.Count);
        Dictionary<string, object?> named = [];
        foreach ((string? name, Expression expression, int stars) in arguments)
        {
            object? value = Evaluate(expression, scope);
            if (stars == 1)
                values.AddRange(Items(value, expression.Line));
            else if (stars == 2)
                Spread(value, named, expression.Line);
            else if (name is null)
                values.Add(value);
            else if (!named.TryAdd(name, value))
                throw new ChatTemplateException($"the argument {name} is given twice", expression.Line);
        }

        return new TemplateArguments(values, named);
    }

    private static void Spread(object? value, Dictionary<string, object?> named, int line)
    {
        if (value is not TemplateMap map)
            throw new ChatTemplateException($"** needs a dictionary, not {TemplateValue.TypeOf(value)}", line);
        foreach ((object? key, object? item) in map.Items)
        {
            if (key is not string name || !named.TryAdd(name, item))
                throw new ChatTemplateException("** needs string keys that are not given twice", line);
        }
    }

    private List<object?> Drain(TemplateGenerator generator, int line)
    {
        var items = new List<object?>();
        while (generator.TryTake(out object? item))
        {
            budget.Step(line);
            items.Add(item);
        }

        return items;
    }

    private List<object?> Values(IReadOnlyList<Expression> items, TemplateScope scope)
    {
        var values = new List<object?>(items.Count);
        foreach (Expression item in items)
            values.Add(Evaluate(item, scope));
        return values;
    }

    private TemplateMap EvaluateMap(MapExpression map, TemplateScope scope)
    {
        var result = new TemplateMap();
        foreach ((Expression key, Expression value) in map.Entries)
            result.Set(Key(Evaluate(key, scope), key.Line), Evaluate(value, scope));
        return result;
    }

    private object? Logical(LogicalExpression logical, TemplateScope scope)
    {
        object? left = Evaluate(logical.Left, scope);
        return TemplateValue.Truth(left) == logical.IsOr ? left : Evaluate(logical.Right, scope);
    }

    private object? Compare(CompareExpression compare, TemplateScope scope)
    {
        object? left = Evaluate(compare.First, scope);
        foreach ((string op, Expression value) in compare.Rest)
        {
            object? right = Evaluate(value, scope);
            if (!TemplateOperators.Compare(this, op, left, right, compare.Line))
                return false;
            left = right;
        }

        return true;
    }

    private string Concat(ConcatExpression concat, TemplateScope scope)
    {
        var text = new StringBuilder();
        foreach (Expression part in concat.Parts)
        {
            text.Append(TemplatePrinter.Print(Evaluate(part, scope), budget, part.Line));
            budget.Scan(0, part.Line);
            if (text.Length > TemplateBudget.MaxLength)
                throw TemplateBudget.TooLong(concat.Line);
        }

        budget.Make(text.Length, concat.Line);
        return text.ToString();
    }

    private object? Call(CallExpression call, TemplateScope scope)
    {
        object? target = Evaluate(call.Target, scope);
        string name = call.Target switch
        {
            NameExpression variable => variable.Name,
            AttributeExpression attribute => attribute.Name,
            _ => "this",
        };
        return Call(target, name, Arguments(call.Arguments, scope), call.Line);
    }

    private object? Slice(SliceExpression slice, TemplateScope scope)
    {
        object? target = Evaluate(slice.Target, scope);
        long? step = Bound(slice.Step, scope), start = Bound(slice.Start, scope), stop = Bound(slice.Stop, scope);
        if (step == 0)
            throw new ChatTemplateException("the step of a slice cannot be 0", slice.Line);
        switch (target)
        {
            case string text:
                return SliceText(text, start, stop, step ?? 1, slice.Line);
            case List<object?> list:
                return Pick(list, start, stop, step ?? 1, slice.Line);
            case TemplateTuple tuple:
                return new TemplateTuple(Pick(tuple.Items, start, stop, step ?? 1, slice.Line));
            case TemplateRange range:
                (long from, long count) = Cut((int)range.Count, start, stop, step ?? 1);
                long scaled = range.Step * (step ?? 1);
                return new TemplateRange(range[from], range[from] + (count * scaled), scaled);
            default:
                // As Jinja: an item that does not exist.
                return target is Undefined undefined
                    ? throw new ChatTemplateException($"{undefined.Problem}, so it cannot be sliced", slice.Line)
                    : new Undefined($"a slice of {TemplateValue.TypeOf(target)}");
        }
    }

    private string SliceText(string text, long? start, long? stop, long step, int line)
    {
        budget.Scan(text.Length, line);
        if (!TemplateText.IsFlat(text))
        {
            List<object?> points = [.. TemplateText.Points(text)];
            budget.Make(points.Count, line);
            return string.Concat(Pick(points, start, stop, step, line));
        }

        (long from, long count) = Cut(text.Length, start, stop, step);
        budget.Make(count, line);
        return step == 1 ? text.Substring((int)from, (int)count)
            : string.Create((int)count, (text, from, step), (span, state) =>
            {
                for (int i = 0; i < span.Length; i++)
                    span[i] = state.text[(int)(state.from + (i * state.step))];
            });
    }

    private List<object?> Pick(List<object?> items, long? start, long? stop, long step, int line)
    {
        (long from, long count) = Cut(items.Count, start, stop, step);
        budget.Make(count, line);
        var picked = new List<object?>((int)count);
        for (long i = 0; i < count; i++)
            picked.Add(items[(int)(from + (i * step))]);
        return picked;
    }

    /// <summary>Where a slice begins and how many items it has.</summary>
    private static (long From, long Count) Cut(int length, long? start, long? stop, long step)
    {
        long low = step > 0 ? 0 : -1, high = step > 0 ? length : length - 1;
        long from = Place(start, step > 0 ? low : high), to = Place(stop, step > 0 ? high : low);
        long count = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step;
        return count > 0 ? (from, count) : (Math.Clamp(from, 0, length), 0);

        long Place(long? given, long otherwise) => given is not { } index ? otherwise
            : Math.Clamp(index < 0 ? index + length : index, low, high);
    }

    private long? Bound(Expression? expression, TemplateScope scope) => expression is null
        ? null
        : Evaluate(expression, scope) switch
        {
            null => null,
            var value when TemplateValue.Integer(value) is { } index =>
                (long)BigInteger.Max(-int.MaxValue, BigInteger.Min(int.MaxValue, index)),
            var other =>
                throw new ChatTemplateException($"a slice needs integers, not {TemplateValue.TypeOf(other)}", expression.Line),
        };
}
