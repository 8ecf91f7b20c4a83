using System.Globalization;

namespace Seriatim.Tokenizers;

/// <content>Expressions, from the loosest operator to the tightest.</content>
internal sealed partial class TemplateParser
{
    private Expression Tuple()
    {
        int line = Current.Line;
        Expression first = Expression();
        if (!IsOperator(","))
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (TakeOperator(",") && Current.Kind is not (TemplateTokenKind.PrintEnd or TemplateTokenKind.BlockEnd))
        {
            items.Add(Expression());
        }

        return new ListExpression(items, line);
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
        {
            return Comparison();
        }

        Enter();
        int line = Take().Line;
        var result = new NotExpression(Not(), line);
        _depth--;
        return result;
    }

    private Expression Comparison()
    {
        Expression left = Sum();
        Expression? chain = null;
        while (true)
        {
            TemplateToken token = Current;
            string op = token.Text;
            if (token.Kind == TemplateTokenKind.Operator && op is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                _at++;
            }
            else if (IsName("in"))
            {
                _at++;
            }
            else if (IsName("not") && _tokens[_at + 1] is { Kind: TemplateTokenKind.Name, Text: "in" })
            {
                _at += 2;
                op = "not in";
            }
            else
            {
                return chain ?? left;
            }

            Expression right = Sum();
            Expression link = new BinaryExpression(op, left, right, token.Line);
            chain = chain is null ? link : new LogicalExpression(chain, link, false, token.Line);
            left = right;
        }
    }

    private Expression Sum() => Binary(Concatenation, "+", "-");

    private Expression Concatenation() => Binary(Product, "~");

    private Expression Product() => Binary(Unary, "*", "/", "//", "%");

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

    private Expression Unary()
    {
        if (!IsOperator("-") && !IsOperator("+"))
        {
            return Power();
        }

        Enter();
        TemplateToken sign = Take();
        Expression operand = Unary();
        _depth--;
        return sign.Text == "-" ? new BinaryExpression("-", new LiteralExpression(0L, sign.Line), operand, sign.Line) : operand;
    }

    private Expression Power()
    {
        Expression left = Filters(Postfix(Primary()));
        if (!IsOperator("**"))
        {
            return left;
        }

        int line = Take().Line;
        return new BinaryExpression("**", left, Unary(), line);
    }

    private Expression Primary()
    {
        TemplateToken token = Take();
        switch (token.Kind)
        {
            case TemplateTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new LiteralExpression(true, token.Line),
                    "false" or "False" => new LiteralExpression(false, token.Line),
                    "none" or "None" => new LiteralExpression(null, token.Line),
                    _ => new NameExpression(token.Text, token.Line),
                };
            case TemplateTokenKind.String:
                string text = token.Text;
                while (Current.Kind == TemplateTokenKind.String)
                {
                    text += Take().Text;
                }

                return new LiteralExpression(text, token.Line);
            case TemplateTokenKind.Integer:
                return long.TryParse(token.Text.Replace("_", string.Empty, StringComparison.Ordinal), NumberStyles.None,
                    CultureInfo.InvariantCulture, out long integer)
                    ? new LiteralExpression(integer, token.Line) : throw Error($"{token.Text} is too large", token);
            case TemplateTokenKind.Float:
                return new LiteralExpression(double.Parse(token.Text.Replace("_", string.Empty, StringComparison.Ordinal),
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

    private Expression Parenthesis(TemplateToken token)
    {
        if (TakeOperator(")"))
        {
            return new ListExpression([], token.Line);
        }

        Expression first = Expression();
        if (TakeOperator(")"))
        {
            return first;
        }

        Expect(TemplateTokenKind.Operator, ",");
        return new ListExpression([first, .. Items(")")], token.Line);
    }

    private List<Expression> Items(string close)
    {
        var items = new List<Expression>();
        while (!TakeOperator(close))
        {
            items.Add(Expression());
            if (!IsOperator(close))
            {
                Expect(TemplateTokenKind.Operator, ",");
            }
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
            {
                Expect(TemplateTokenKind.Operator, ",");
            }
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
                value = name.Kind is TemplateTokenKind.Name or TemplateTokenKind.Integer
                    ? new MemberExpression(value, new LiteralExpression(name.Kind == TemplateTokenKind.Name ? name.Text
                        : long.Parse(name.Text, CultureInfo.InvariantCulture), name.Line), token.Line)
                    : throw Error("a name is expected after the dot", name);
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
            Expect(TemplateTokenKind.Operator, "]");
            return new MemberExpression(value, start ?? throw Error("an index is expected", Current), line);
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
            bool named = Current.Kind == TemplateTokenKind.Name && _tokens[_at + 1] is
            {
                Kind: TemplateTokenKind.Operator,
                Text: "="
            };
            string? name = named ? Take().Text : null;
            _at += named ? 1 : 0;
            arguments.Add(new Argument(name, Expression()));
            if (!IsOperator(")"))
            {
                Expect(TemplateTokenKind.Operator, ",");
            }
        }

        return arguments;
    }

    private Expression Filters(Expression value)
    {
        while (true)
        {
            TemplateToken token = Current;
            if (TakeOperator("|"))
            {
                string name = Expect(TemplateTokenKind.Name).Text;
                List<Argument> arguments = TakeOperator("(") ? Arguments() : [];
                value = new FilterExpression(value, name, arguments, token.Line);
                value = Postfix(value);
            }
            else if (TakeName("is"))
            {
                bool negated = TakeName("not");
                string name = Expect(TemplateTokenKind.Name).Text;
                List<Argument> arguments = TestArguments();
                Expression test = new TestExpression(value, name, arguments, token.Line);
                value = negated ? new NotExpression(test, token.Line) : test;
            }
            else
            {
                return value;
            }
        }
    }

    /// <summary>A test may take one argument without parentheses: <c>is divisibleby 3</c>.</summary>
    private List<Argument> TestArguments()
    {
        if (TakeOperator("("))
        {
            return Arguments();
        }

        TemplateToken token = Current;
        bool starts = token.Kind is TemplateTokenKind.String or TemplateTokenKind.Integer or TemplateTokenKind.Float
            || (token.Kind == TemplateTokenKind.Operator && token.Text is "[" or "{")
            || (token.Kind == TemplateTokenKind.Name
                && token.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in"));
        return starts ? [new Argument(null, Postfix(Primary()))] : [];
    }
}
