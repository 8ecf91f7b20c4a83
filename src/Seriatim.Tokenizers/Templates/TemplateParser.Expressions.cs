using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <content>Expressions, from the loosest operator to the tightest.</content>
internal sealed partial class TemplateParser
{
    /// <summary>An expression, or several with commas between them: a tuple.</summary>
    private Expression Tuple(bool withCondition = true, string? end = null)
    {
        int line = Current.Line;
        Expression first = withCondition ? Expression() : Or();
        if (!IsOperator(","))
            return first;
        var items = new List<Expression> { first };
        while (TakeOperator(",") && Current.Kind is not (TemplateTokenKind.PrintEnd or TemplateTokenKind.BlockEnd)
            && !IsOperator(")") && !(end is not null && IsName(end)))
            items.Add(withCondition ? Expression() : Or());
        return new TupleExpression(items, line);
    }

    private Expression Expression()
    {
        Enter();
        Expression value = Or();
        while (IsName("if"))
        {
            int line = Take().Line;
            Expression condition = Or();
            Expression? otherwise = TakeName("else") ? Expression() : null;
            value = new ConditionalExpression(condition, value, otherwise, line);
        }

        _depth--;
        return value;
    }

    private Expression Or()
    {
        Expression left = And();
        while (IsName("or"))
        {
            int line = Take().Line;
            left = new LogicalExpression(left, And(), true, line);
        }

        return left;
    }

    private Expression And()
    {
        Expression left = Not();
        while (IsName("and"))
        {
            int line = Take().Line;
            left = new LogicalExpression(left, Not(), false, line);
        }

        return left;
    }

    private Expression Not()
    {
        if (!IsName("not"))
            return Comparison();
        Enter();
        int line = Take().Line;
        var result = new NotExpression(Not(), line);
        _depth--;
        return result;
    }

    private Expression Comparison()
    {
        int line = Current.Line;
        Expression first = Sum();
        var rest = new List<(string Operator, Expression Value)>();
        while (true)
        {
            TemplateToken token = Current;
            string op = token.Text;
            if ((token.Kind == TemplateTokenKind.Operator && op is "==" or "!=" or "<" or "<=" or ">" or ">=") || IsName("in"))
            {
                _at++;
            }
            else if (IsName("not") && Next is { Kind: TemplateTokenKind.Name, Text: "in" })
            {
                _at += 2;
                op = "not in";
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpression(first, rest, line);
            }

            rest.Add((op, Sum()));
        }
    }

    private Expression Sum() => Binary(Concatenation, "+", "-");

    private Expression Concatenation()
    {
        int line = Current.Line;
        Expression first = Product();
        if (!IsOperator("~"))
            return first;
        var parts = new List<Expression> { first };
        while (TakeOperator("~"))
            parts.Add(Product());
        return new ConcatExpression(parts, line);
    }

    private Expression Product() => Binary(Power, "*", "/", "//", "%");

    private Expression Power() => Binary(() => Unary(withFilters: true), "**");

    private Expression Binary(Func<Expression> operand, params string[] operators)
    {
        Expression left = operand();
        while (Current.Kind == TemplateTokenKind.Operator && operators.Contains(Current.Text))
        {
            TemplateToken token = Take();
            left = new BinaryExpression(token.Text, left, operand(), token.Line);
        }

        return left;
    }

    /// <summary>A sign binds tighter than a filter: <c>-3 | abs</c> is 3.</summary>
    private Expression Unary(bool withFilters)
    {
        Expression value;
        if (IsOperator("-") || IsOperator("+"))
        {
            Enter();
            TemplateToken sign = Take();
            value = new SignExpression(sign.Text, Unary(withFilters: false), sign.Line);
            _depth--;
        }
        else
        {
            value = Postfix(Primary());
        }

        return withFilters ? Filters(value) : value;
    }

    private Expression Primary()
    {
        TemplateToken token = Take();
        switch (token.Kind)
        {
            case TemplateTokenKind.Name:
                return Name(token);
            case TemplateTokenKind.String:
                var text = new StringBuilder(token.Text);
                while (Current.Kind == TemplateTokenKind.String)
                    text.Append(Take().Text);
                return new LiteralExpression(text.ToString(), token.Line);
            case TemplateTokenKind.Integer:
                return new LiteralExpression(TemplateNumber.ParseInteger(token.Text, 0) is { } integer
                    ? TemplateBudget.Integer(integer, token.Line) : throw Error($"{token.Text} is too large", token), token.Line);
            case TemplateTokenKind.Float:
                return new LiteralExpression(double.Parse(token.Text.Replace("_", "", StringComparison.Ordinal),
                    CultureInfo.InvariantCulture), token.Line);
            case TemplateTokenKind.Operator when token.Text == "(":
                return Parenthesis(token);
            case TemplateTokenKind.Operator when token.Text == "[":
                return new ListExpression(Items("]"), token.Line);
            case TemplateTokenKind.Operator when token.Text == "{":
                return Map(token);
            default:
                throw Error($"a value is expected, but \"{token.Text}\" stands here", token);
        }
    }

    private Expression Name(TemplateToken token)
    {
        if (token.Text is "varargs" or "kwargs" or "caller")
        {
            foreach (HashSet<string> macro in _macros)
                macro.Add(token.Text);
        }

        return token.Text switch
        {
            "true" or "True" => new LiteralExpression(true, token.Line),
            "false" or "False" => new LiteralExpression(false, token.Line),
            "none" or "None" => new LiteralExpression(null, token.Line),
            _ => new NameExpression(token.Text, token.Line),
        };
    }

    private Expression Parenthesis(TemplateToken token)
    {
        if (TakeOperator(")"))
            return new TupleExpression([], token.Line);
        Expression value = Tuple();
        Expect(TemplateTokenKind.Operator, ")");
        return value;
    }

    private List<Expression> Items(string close)
    {
        var items = new List<Expression>();
        while (!TakeOperator(close))
        {
            items.Add(Expression());
            if (!IsOperator(close))
                Expect(TemplateTokenKind.Operator, ",");
        }

        return items;
    }

    private MapExpression Map(TemplateToken token)
    {
        var entries = new List<(Expression Key, Expression Value)>();
        while (!TakeOperator("}"))
        {
            Expression key = Expression();
            Expect(TemplateTokenKind.Operator, ":");
            entries.Add((key, Expression()));
            if (!IsOperator("}"))
                Expect(TemplateTokenKind.Operator, ",");
        }

        return new MapExpression(entries, token.Line);
    }

    private Expression Postfix(Expression value)
    {
        while (Current.Kind == TemplateTokenKind.Operator)
        {
            TemplateToken token = Current;
            if (TakeOperator("."))
            {
                TemplateToken name = Take();
                value = name.Kind switch
                {
                    TemplateTokenKind.Name => new AttributeExpression(value, name.Text, token.Line),
                    TemplateTokenKind.Integer when long.TryParse(name.Text, out long place) =>
                        new ItemExpression(value, new LiteralExpression(place, name.Line), token.Line),
                    _ => throw Error("a name is expected after the dot", name),
                };
            }
            else if (TakeOperator("["))
            {
                value = Subscript(value, token.Line);
            }
            else if (TakeOperator("("))
            {
                value = new CallExpression(value, Arguments(), token.Line);
            }
            else
            {
                break;
            }
        }

        return value;
    }

    private Expression Subscript(Expression value, int line)
    {
        Expression? Bound() => IsOperator(":") || IsOperator("]") ? null : Expression();
        Expression? start = Bound();
        if (!IsOperator(":"))
        {
            Expression key = start ?? throw Error("an index is expected", Current);
            if (TakeOperator(","))
                return new ItemExpression(value, new TupleExpression([key, .. Items("]")], line), line);
            Expect(TemplateTokenKind.Operator, "]");
            return new ItemExpression(value, key, line);
        }

        _at++;
        Expression? stop = Bound();
        Expression? step = TakeOperator(":") ? Bound() : null;
        Expect(TemplateTokenKind.Operator, "]");
        return new SliceExpression(value, start, stop, step, line);
    }

    private List<Argument> Arguments()
    {
        var arguments = new List<Argument>();
        while (!TakeOperator(")"))
        {
            TemplateToken token = Current;
            int stars = TakeOperator("**") ? 2 : TakeOperator("*") ? 1 : 0;
            bool named = stars == 0 && token.Kind == TemplateTokenKind.Name
                && Next is { Kind: TemplateTokenKind.Operator, Text: "=" };
            string? name = named ? Take().Text : null;
            _at += named ? 1 : 0;
            if (!named && stars == 0 && arguments.Any(argument => argument.Name is not null || argument.Stars > 0))
                throw Error("an argument without a name comes after one with a name", token);
            arguments.Add(new Argument(name, Expression(), stars));
            if (!IsOperator(")"))
                Expect(TemplateTokenKind.Operator, ",");
        }

        return arguments;
    }

    /// <summary>Filters, tests and calls after a value.</summary>
    private Expression Filters(Expression value)
    {
        while (true)
        {
            TemplateToken token = Current;
            if (TakeOperator("|"))
            {
                value = Filter(value, token.Line);
            }
            else if (TakeName("is"))
            {
                bool negated = TakeName("not");
                string name = Expect(TemplateTokenKind.Name).Text;
                Expression test = new TestExpression(value, name, TestArguments(), token.Line);
                value = negated ? new NotExpression(test, token.Line) : test;
            }
            else if (TakeOperator("("))
            {
                value = new CallExpression(value, Arguments(), token.Line);
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>Filters of a block, whose text they are applied to: the name of the first, then more.</summary>
    private Expression FilterChain(Expression? value, int line)
    {
        value = Filter(value, line);
        while (TakeOperator("|"))
            value = Filter(value, line);
        return value;
    }

    private FilterExpression Filter(Expression? value, int line)
    {
        string name = Expect(TemplateTokenKind.Name).Text;
        return new FilterExpression(value, name, TakeOperator("(") ? Arguments() : [], line);
    }

    /// <summary>A test may take one argument without parentheses: <c>is divisibleby 3</c>.</summary>
    private List<Argument> TestArguments()
    {
        if (TakeOperator("("))
            return Arguments();
        TemplateToken token = Current;
        if (token is { Kind: TemplateTokenKind.Name, Text: "is" or "if" or "not" or "in" })
        {
            throw Error($"{token.Text} cannot follow a test, which would take it for its argument; put the test in parentheses",
                token);
        }
        bool starts = token.Kind is TemplateTokenKind.String or TemplateTokenKind.Integer or TemplateTokenKind.Float
            || (token.Kind == TemplateTokenKind.Operator && token.Text is "[" or "{")
            || (token.Kind == TemplateTokenKind.Name
                && token.Text is not ("else" or "or" or "and"));
        return starts ? [new Argument(null, Postfix(Primary()))] : [];
    }
}
