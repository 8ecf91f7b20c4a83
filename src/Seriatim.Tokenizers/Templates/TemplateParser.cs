namespace Seriatim.Tokenizers;

/// <summary>Parses the tokens of a template into statements and expressions; precedence as in Jinja.</summary>
internal sealed partial class TemplateParser
{
    private const int MaxDepth = 64;

    private readonly List<TemplateToken> _tokens;
    private int _at;
    private int _depth;

    private TemplateParser(List<TemplateToken> tokens) => _tokens = tokens;

    private TemplateToken Current => _tokens[_at];

    /// <summary>Parses a template.</summary>
    public static IReadOnlyList<Statement> Parse(string source)
    {
        var parser = new TemplateParser(TemplateLexer.Cut(source));
        return parser.Block();
    }

    private static ChatTemplateException Error(string problem, TemplateToken token) => new(problem, token.Line);

    private bool Is(TemplateTokenKind kind, string text) => Current.Kind == kind && Current.Text == text;

    private bool IsOperator(string text) => Is(TemplateTokenKind.Operator, text);

    private bool IsName(string text) => Is(TemplateTokenKind.Name, text);

    private TemplateToken Take() => _tokens[_tokens.Count - 1 == _at ? _at : _at++];

    private bool TakeOperator(string text)
    {
        bool found = IsOperator(text);
        _at += found ? 1 : 0;
        return found;
    }

    private bool TakeName(string text)
    {
        bool found = IsName(text);
        _at += found ? 1 : 0;
        return found;
    }

    private TemplateToken Expect(TemplateTokenKind kind, string? text = null)
    {
        TemplateToken token = Take();
        return token.Kind == kind && (text is null || token.Text == text) ? token
            : throw Error($"\"{text ?? kind.ToString()}\" is expected, but \"{token.Text}\" stands here", token);
    }

    private void Enter()
    {
        if (++_depth > MaxDepth)
        {
            throw Error($"the template nests deeper than {MaxDepth} levels", Current);
        }
    }

    /// <summary>
    /// Parses statements up to the end or to a block that begins with one of <paramref name="ends"/> (which stays).
    /// </summary>
    private List<Statement> Block(params ReadOnlySpan<string> ends)
    {
        Enter();
        var statements = new List<Statement>();
        while (true)
        {
            TemplateToken token = Current;
            switch (token.Kind)
            {
                case TemplateTokenKind.End:
                    if (ends.Length > 0)
                    {
                        throw Error($"{ends[^1]} is missing", token);
                    }

                    _depth--;
                    return statements;
                case TemplateTokenKind.Data:
                    statements.Add(new DataStatement(Take().Text));
                    break;
                case TemplateTokenKind.PrintBegin:
                    _at++;
                    Expression value = Tuple();
                    Expect(TemplateTokenKind.PrintEnd);
                    statements.Add(new PrintStatement(value, token.Line));
                    break;
                default:
                    if (ends.Contains(_tokens[_at + 1].Text))
                    {
                        _depth--;
                        return statements;
                    }

                    _at++;
                    statements.Add(Tag());
                    break;
            }
        }
    }

    private void EndTag(string name)
    {
        Expect(TemplateTokenKind.BlockBegin);
        Expect(TemplateTokenKind.Name, name);
        Expect(TemplateTokenKind.BlockEnd);
    }

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
            case "macro":
                return Macro(token.Line);
            case "break" or "continue":
                Expect(TemplateTokenKind.BlockEnd);
                return new JumpStatement(token.Text == "break");
            case "generation":
                Expect(TemplateTokenKind.BlockEnd);
                List<Statement> body = Block("endgeneration");
                EndTag("endgeneration");
                return new GroupStatement(body);
            default:
                throw Error($"the statement \"{token.Text}\" is not supported", token);
        }
    }

    private IfStatement If(int line)
    {
        var branches = new List<(Expression? Condition, List<Statement> Body)>();
        Expression condition = Expression();
        Expect(TemplateTokenKind.BlockEnd);
        while (true)
        {
            branches.Add((condition, Block("elif", "else", "endif")));
            Expect(TemplateTokenKind.BlockBegin);
            string name = Take().Text;
            if (name == "elif")
            {
                condition = Expression();
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
        List<string> names = Names();
        Expect(TemplateTokenKind.Name, "in");
        Expression items = Or();
        Expression? filter = TakeName("if") ? Expression() : null;
        if (IsName("recursive"))
        {
            throw Error("recursive loops are not supported", Current);
        }

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
        return new ForStatement(names, items, filter, body, otherwise, line);
    }

    private List<string> Names()
    {
        bool bracket = TakeOperator("(");
        var names = new List<string> { Expect(TemplateTokenKind.Name).Text };
        while (TakeOperator(","))
        {
            names.Add(Expect(TemplateTokenKind.Name).Text);
        }

        if (bracket)
        {
            Expect(TemplateTokenKind.Operator, ")");
        }

        return names;
    }

    private SetStatement Set(int line)
    {
        List<string> names = Names();
        string? attribute = names.Count == 1 && TakeOperator(".") ? Expect(TemplateTokenKind.Name).Text : null;
        if (TakeOperator("="))
        {
            Expression value = Tuple();
            Expect(TemplateTokenKind.BlockEnd);
            return new SetStatement(names, attribute, value, [], line);
        }

        Expect(TemplateTokenKind.BlockEnd);
        List<Statement> body = Block("endset");
        EndTag("endset");
        return new SetStatement(names, attribute, null, body, line);
    }

    private MacroStatement Macro(int line)
    {
        string name = Expect(TemplateTokenKind.Name).Text;
        Expect(TemplateTokenKind.Operator, "(");
        var parameters = new List<(string Name, Expression? Default)>();
        while (!TakeOperator(")"))
        {
            string parameter = Expect(TemplateTokenKind.Name).Text;
            parameters.Add((parameter, TakeOperator("=") ? Expression() : null));
            if (!IsOperator(")"))
            {
                Expect(TemplateTokenKind.Operator, ",");
            }
        }

        Expect(TemplateTokenKind.BlockEnd);
        List<Statement> body = Block("endmacro");
        Expect(TemplateTokenKind.BlockBegin);
        Expect(TemplateTokenKind.Name, "endmacro");
        TakeName(name);
        Expect(TemplateTokenKind.BlockEnd);
        return new MacroStatement(name, parameters, body, line);
    }
}
