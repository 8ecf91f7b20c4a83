namespace Seriatim.Tokenizers;

/// <summary>An expression of a template; <see cref="Line"/> is where its operator stands.</summary>
internal abstract record Expression(int Line);

/// <summary>A constant.</summary>
internal sealed record LiteralExpression(object? Value, int Line) : Expression(Line);

/// <summary>A variable.</summary>
internal sealed record NameExpression(string Name, int Line) : Expression(Line);

/// <summary>A list or tuple.</summary>
internal sealed record ListExpression(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

/// <summary>A dictionary.</summary>
internal sealed record MapExpression(IReadOnlyList<(Expression Key, Expression Value)> Entries, int Line) : Expression(Line);

/// <summary><c>a.b</c> or <c>a[b]</c>.</summary>
internal sealed record MemberExpression(Expression Target, Expression Key, int Line) : Expression(Line);

/// <summary><c>a[start:stop:step]</c>.</summary>
internal sealed record SliceExpression(Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Line)
    : Expression(Line);

/// <summary>An argument, perhaps named.</summary>
internal readonly record struct Argument(string? Name, Expression Value);

/// <summary>A call of a function, method or macro.</summary>
internal sealed record CallExpression(Expression Target, IReadOnlyList<Argument> Arguments, int Line) : Expression(Line);

/// <summary><c>value | name(arguments)</c>.</summary>
internal sealed record FilterExpression(Expression Value, string Name, IReadOnlyList<Argument> Arguments, int Line)
    : Expression(Line);

/// <summary><c>value is name(arguments)</c>.</summary>
internal sealed record TestExpression(Expression Value, string Name, IReadOnlyList<Argument> Arguments, int Line)
    : Expression(Line);

/// <summary><c>not value</c>.</summary>
internal sealed record NotExpression(Expression Value, int Line) : Expression(Line);

/// <summary><c>and</c>, <c>or</c>.</summary>
internal sealed record LogicalExpression(Expression Left, Expression Right, bool IsOr, int Line) : Expression(Line);

/// <summary>Arithmetic, concatenation and comparison.</summary>
internal sealed record BinaryExpression(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);

/// <summary><c>value if condition else otherwise</c>.</summary>
internal sealed record ConditionalExpression(Expression Condition, Expression Value, Expression? Otherwise, int Line)
    : Expression(Line);
