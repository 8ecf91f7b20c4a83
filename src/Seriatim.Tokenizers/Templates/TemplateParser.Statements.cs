namespace Seriatim.Tokenizers;

/// <content>Statements.</content>
internal sealed partial class TemplateParser
{
    private Statement Tag()
    {
        TemplateToken token = Expect(TemplateTokenKind.Name);
        switch (token.Text)
        {
            case "if":
                return If(token.Line);
            case "for":
                return For(token.Line);
            case "set":
                return Set(token.Line);
            case "with":
                return With(token.Line);
            case "filter":
                Expression filter = FilterChain(null, token.Line);
                return new FilterStatement(filter, Body("endfilter"), token.Line);
            case "print":
                return Print(token.Line);
            case "macro":
                string name = Expect(TemplateTokenKind.Name).Text;
                Expect(TemplateTokenKind.Operator, "(");
                return new MacroStatement(Macro(name, Parameters(), "endmacro", token.Line));
            case "call":
                return Call(token);
            case "break" or "continue":
                Expect(TemplateTokenKind.BlockEnd);
                return new JumpStatement(token.Text == "break");
            case "generation":
                return new GroupStatement(Body("endgeneration"));
            default:
                throw Error($"the statement \"{token.Text}\" is not supported", token);
        }
    }

    /// <summary><c>print a, b</c> writes one after the other, not a tuple.</summary>
    private GroupStatement Print(int line)
    {
        var values = new List<Statement> { new PrintStatement(Expression(), line) };
        while (TakeOperator(","))
            values.Add(new PrintStatement(Expression(), line));
        Expect(TemplateTokenKind.BlockEnd);
        return new GroupStatement(values);
    }

    private IfStatement If(int line)
    {
        var branches = new List<(Expression? Condition, List<Statement> Body)>();
        Expression condition = Tuple(withCondition: false);
        Expect(TemplateTokenKind.BlockEnd);
        while (true)
        {
            branches.Add((condition, Block("elif", "else", "endif")));
            Expect(TemplateTokenKind.BlockBegin);
            string name = Take().Text;
            if (name == "elif")
            {
                condition = Tuple(withCondition: false);
                Expect(TemplateTokenKind.BlockEnd);
                continue;
            }

            Expect(TemplateTokenKind.BlockEnd);
            if (name == "else")
            {
                branches.Add((null, Block("endif")));
                EndTag("endif");
            }

            return new IfStatement(branches, line);
        }
    }

    private ForStatement For(int line)
    {
        AssignTarget target = Target(inNamespace: false);
        Expect(TemplateTokenKind.Name, "in");
        Expression items = Tuple(withCondition: false, end: "recursive");
        Expression? filter = TakeName("if") ? Expression() : null;
        bool recursive = TakeName("recursive");
        Expect(TemplateTokenKind.BlockEnd);
        List<Statement> body = Block("else", "endfor");
        List<Statement> otherwise = [];
        Expect(TemplateTokenKind.BlockBegin);
        if (TakeName("else"))
        {
            Expect(TemplateTokenKind.BlockEnd);
            otherwise = Block("endfor");
            Expect(TemplateTokenKind.BlockBegin);
        }

        Expect(TemplateTokenKind.Name, "endfor");
        Expect(TemplateTokenKind.BlockEnd);
        return new ForStatement(target, items, filter, recursive, body, otherwise, line);
    }

    /// <summary>A target, or several with commas between them.</summary>
    private AssignTarget Target(bool inNamespace)
    {
        AssignTarget first = SingleTarget(inNamespace);
        if (!IsOperator(","))
            return first;
        var targets = new List<AssignTarget> { first };
        while (TakeOperator(",")
            && Current is { Kind: TemplateTokenKind.Name, Text: not "in" } or { Kind: TemplateTokenKind.Operator, Text: "(" })
        {
            targets.Add(SingleTarget(inNamespace));
        }
        return new TupleTarget(targets);
    }

    private AssignTarget SingleTarget(bool inNamespace)
    {
        if (TakeOperator("("))
        {
            Enter();
            AssignTarget inner = Target(inNamespace);
            Expect(TemplateTokenKind.Operator, ")");
            _depth--;
            return inner;
        }

        TemplateToken name = Expect(TemplateTokenKind.Name);
        if (name.Text is "true" or "True" or "false" or "False" or "none" or "None")
            throw Error($"{name.Text} cannot be assigned to", name);
        return inNamespace && TakeOperator(".")
            ? new MemberTarget(name.Text, Expect(TemplateTokenKind.Name).Text)
            : new NameTarget(name.Text);
    }

    private Statement Set(int line)
    {
        AssignTarget target = Target(inNamespace: true);
        if (TakeOperator("="))
        {
            Expression value = Tuple();
            Expect(TemplateTokenKind.BlockEnd);
            return new SetStatement(target, value, line);
        }

        Expression? filter = TakeOperator("|") ? FilterChain(null, line) : null;
        return new SetBlockStatement(target, filter, Body("endset"), line);
    }

    private WithStatement With(int line)
    {
        var variables = new List<(AssignTarget Target, Expression Value)>();
        while (Current.Kind != TemplateTokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                Expect(TemplateTokenKind.Operator, ",");
            AssignTarget target = SingleTarget(inNamespace: false);
            Expect(TemplateTokenKind.Operator, "=");
            variables.Add((target, Expression()));
        }

        return new WithStatement(variables, Body("endwith"), line);
    }

    private CallStatement Call(TemplateToken token)
    {
        List<(string Name, Expression? Default)> parameters = TakeOperator("(") ? Parameters() : [];
        return Expression() is CallExpression call ? new CallStatement(call, Macro("caller", parameters, "endcall", token.Line))
            : throw Error("call needs a call of a macro", token);
    }

    private List<(string Name, Expression? Default)> Parameters()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        while (!TakeOperator(")"))
        {
            if (parameters.Count > 0)
                Expect(TemplateTokenKind.Operator, ",");
            TemplateToken name = Expect(TemplateTokenKind.Name);
            Expression? otherwise = TakeOperator("=") ? Expression() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw Error($"{name.Text} needs a default, because the parameter before it has one", name);
            parameters.Add((name.Text, otherwise));
        }

        return parameters;
    }

    private MacroDefinition Macro(string name, List<(string Name, Expression? Default)> parameters, string end, int line)
    {
        Expect(TemplateTokenKind.BlockEnd);
        var special = new HashSet<string>(StringComparer.Ordinal);
        _macros.Push(special);
        List<Statement> body = Block(end);
        _macros.Pop();
        Expect(TemplateTokenKind.BlockBegin);
        Expect(TemplateTokenKind.Name, end);
        if (end == "endmacro")
            TakeName(name);
        Expect(TemplateTokenKind.BlockEnd);
        return new MacroDefinition(name, parameters, body, special, line);
    }
}
