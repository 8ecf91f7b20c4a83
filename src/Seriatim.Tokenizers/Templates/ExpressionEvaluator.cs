namespace Seriatim.Tokenizers;

/// <summary>Evaluates the expressions of a template.</summary>
internal sealed class ExpressionEvaluator(TemplateBudget budget)
{
    private const int MaxDepth = 400;

    private static readonly Dictionary<string, object?> NoNames = [];

    private int _depth;

    /// <summary>The budget of this rendering.</summary>
    public TemplateBudget Budget => budget;

    /// <summary>Evaluates an expression.</summary>
    public object? Evaluate(Expression expression, TemplateScope scope)
    {
        budget.Step(expression.Line);
        if (++_depth > MaxDepth)
        {
            throw new ChatTemplateException($"an expression nests deeper than {MaxDepth} levels", expression.Line);
        }

        object? value = EvaluateHere(expression, scope);
        _depth--;
        return value;
    }

    private object? EvaluateHere(Expression expression, TemplateScope scope)
    {
        switch (expression)
        {
            case LiteralExpression literal:
                return literal.Value;
            case NameExpression name:
                return scope.Get(name.Name);
            case ListExpression list:
                return list.Items.Select(item => Evaluate(item, scope)).ToList();
            case MapExpression map:
                return EvaluateMap(map, scope);
            case MemberExpression member:
                return Member(Evaluate(member.Target, scope), Evaluate(member.Key, scope), member.Line);
            case SliceExpression slice:
                return Slice(slice, scope);
            case CallExpression call:
                return Call(call, scope);
            case FilterExpression filter:
                (List<object?> filterArguments, Dictionary<string, object?> filterNames) = Arguments(filter.Arguments, scope);
                return TemplateFilters.Apply(this, filter.Name, Evaluate(filter.Value, scope), filterArguments, filterNames,
                    filter.Line);
            case TestExpression test:
                return TemplateTests.Apply(test.Name, Evaluate(test.Value, scope), Arguments(test.Arguments, scope).Values,
                    test.Line);
            case NotExpression not:
                return !TemplateValue.Truth(Evaluate(not.Value, scope));
            case LogicalExpression logical:
                object? left = Evaluate(logical.Left, scope);
                return TemplateValue.Truth(left) == logical.IsOr ? left : Evaluate(logical.Right, scope);
            case BinaryExpression binary:
                return TemplateOperators.Apply(this, binary.Operator, Evaluate(binary.Left, scope), Evaluate(binary.Right,
                    scope), binary.Line);
            case ConditionalExpression conditional:
                return TemplateValue.Truth(Evaluate(conditional.Condition, scope)) ? Evaluate(conditional.Value, scope)
                    : conditional.Otherwise is null ? new Undefined("the missing else") : Evaluate(conditional.Otherwise, scope);
            default:
                throw new InvalidOperationException(expression.GetType().Name);
        }
    }

    /// <summary>What a loop goes over: the items of a list, the keys of a dictionary, the characters of a string.</summary>
    public List<object?> Items(object? value, int line)
    {
        List<object?> items = value switch
        {
            List<object?> list => list,
            TemplateMap map => map.Keys.ToList<object?>(),
            string text => text.EnumerateRunes().Select(rune => (object?)rune.ToString()).ToList(),
            Undefined => [],
            _ => throw new ChatTemplateException($"{TemplateValue.TypeOf(value)} cannot be looped over", line),
        };
        if (!ReferenceEquals(items, value))
        {
            budget.Make(items.Count, line);
        }

        return items;
    }

    /// <summary>A member by name or index.</summary>
    public object? Member(object? target, object? key, int line)
    {
        switch (target)
        {
            case TemplateMap map when key is string name:
                return map.TryGet(name, out object? value) ? value
                    : (object?)TemplateMethods.OfMap(map, name) ?? new Undefined(name);
            case List<object?> list when key is long index:
                index += index < 0 ? list.Count : 0;
                return index >= 0 && index < list.Count ? list[(int)index] : new Undefined($"index {key}");
            case string text when key is long index:
                index += index < 0 ? text.Length : 0;
                return index >= 0 && index < text.Length ? text[(int)index].ToString() : new Undefined($"index {key}");
            case string text when key is string name:
                return (object?)TemplateMethods.OfText(this, text, name, line) ?? new Undefined(name);
            case List<object?> list when key is string name:
                return (object?)TemplateMethods.OfList(list, name, line) ?? new Undefined(name);
            case Undefined undefined:
                throw new ChatTemplateException($"{undefined.Name} is undefined, so it has no member {TemplateValue.Print(key)}", line);
            default:
                return new Undefined(TemplateValue.Print(key));
        }
    }

    private TemplateMap EvaluateMap(MapExpression map, TemplateScope scope)
    {
        var result = new TemplateMap();
        foreach ((Expression key, Expression value) in map.Entries)
        {
            result.Set(TemplateValue.Print(Evaluate(key, scope)), Evaluate(value, scope));
        }

        return result;
    }

    private object? Call(CallExpression call, TemplateScope scope)
    {
        object? target = Evaluate(call.Target, scope);
        if (target is not TemplateFunction function)
        {
            string name = call.Target switch
            {
                NameExpression variable => variable.Name,
                MemberExpression { Key: LiteralExpression { Value: string member } } => member,
                _ => "this",
            };
            throw new ChatTemplateException($"{name} is {TemplateValue.TypeOf(target)} and cannot be called", call.Line);
        }

        (List<object?> arguments, Dictionary<string, object?> named) = Arguments(call.Arguments, scope);
        return function(arguments, named);
    }

    private (List<object?> Values, Dictionary<string, object?> Named) Arguments(IReadOnlyList<Argument> arguments,
        TemplateScope scope)
    {
        var values = new List<object?>(arguments.Count);
        Dictionary<string, object?>? named = null;
        foreach ((string? name, Expression value) in arguments)
        {
            if (name is null)
            {
                values.Add(Evaluate(value, scope));
            }
            else
            {
                (named ??= [])[name] = Evaluate(value, scope);
            }
        }

        return (values, named ?? NoNames);
    }

    private object Slice(SliceExpression slice, TemplateScope scope)
    {
        object? target = Evaluate(slice.Target, scope);
        int length = target switch
        {
            string text => text.Length,
            List<object?> list => list.Count,
            _ => throw new ChatTemplateException($"{TemplateValue.TypeOf(target)} cannot be sliced", slice.Line),
        };
        long step = slice.Step is null ? 1 : Index(slice.Step) ?? 1;
        if (step == 0)
        {
            throw new ChatTemplateException("the step of a slice cannot be 0", slice.Line);
        }

        long start = Bound(slice.Start is null ? null : Index(slice.Start), step > 0 ? 0 : length - 1);
        long stop = Bound(slice.Stop is null ? null : Index(slice.Stop), step > 0 ? length : -1);
        var picked = new List<int>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            picked.Add((int)i);
        }

        budget.Make(picked.Count, slice.Line);
        return target is string source ? string.Concat(picked.Select(i => source[i])) : picked.Select(i =>
            ((List<object?>)target)[i]).ToList();

        long Bound(long? given, long otherwise)
        {
            if (given is not { } index)
            {
                return otherwise;
            }

            index = index < 0 ? Math.Max(index, -length - 1L) + length : index;
            return step > 0 ? Math.Clamp(index, 0, length) : Math.Clamp(index, -1, length - 1);
        }

        long? Index(Expression expression) => Evaluate(expression, scope) switch
        {
            long index => Math.Clamp(index, -int.MaxValue, int.MaxValue),
            null => null,
            var other => throw new ChatTemplateException($"a slice needs integers, not {TemplateValue.TypeOf(other)}",
                slice.Line),
        };
    }
}
