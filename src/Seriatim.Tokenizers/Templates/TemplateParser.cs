namespace Seriatim.Tokenizers;

/// <summary>Parses the tokens of a template into statements and expressions; precedence as in Jinja.</summary>
internal sealed partial class TemplateParser
{
    private const int MaxDepth = 64;

    private readonly List<TemplateToken> _tokens;
    private readonly Stack<HashSet<string>> _macros = new();
    private int _at;
    private int _depth;

    private TemplateParser(List<TemplateToken> tokens) => _tokens = tokens;

    private TemplateToken Current => _tokens[_at];

    private TemplateToken Next => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

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
            throw Error($"the template nests deeper than {MaxDepth} levels", Current);
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
                        throw Error($"{ends[^1]} is missing", token);
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
                    if (Next.Kind == TemplateTokenKind.Name && ends.Contains(Next.Text))
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

    /// <summary>The statements of a block and its end, from the end of its first tag on.</summary>
    private List<Statement> Body(string end)
    {
        Expect(TemplateTokenKind.BlockEnd);
        List<Statement> body = Block(end);
        EndTag(end);
        return body;
    }

    private void EndTag(string name)
    {
        Expect(TemplateTokenKind.BlockBegin);
        Expect(TemplateTokenKind.Name, name);
        Expect(TemplateTokenKind.BlockEnd);
    }
}
