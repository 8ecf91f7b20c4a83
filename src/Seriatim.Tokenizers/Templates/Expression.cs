namespace Seriatim.Tokenizers;

/// <summary>An expression of a template; <see cref="Line"/> is where its operator stands.</summary>
internal abstract record Expression(int Line);

/// <summary>A constant.</summary>
internal sealed record LiteralExpression(object? Value, int Line) : Expression(Line);

/// <summary>A variable.</summary>
internal sealed record NameExpression(string Name, int Line) : Expression(Line);

/// <summary>A list.</summary>
internal sealed record ListExpression(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

/// <summary>A tuple.</summary>
internal sealed record TupleExpression(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

/// <summary>A dictionary.</summary>
internal sealed record MapExpression(IReadOnlyList<(Expression Key, Expression Value)> Entries, int Line) : Expression(Line);

/// <summary><c>a.b</c>: an attribute, or else an item.</summary>
internal sealed record AttributeExpression(Expression Target, string Name, int Line) : Expression(Line);

/// <summary><c>a[b]</c>: an item, or else an attribute.</summary>
internal sealed record ItemExpression(Expression Target, Expression Key, int Line) : Expression(Line);

/// <summary><c>a[start:stop:step]</c>.</summary>
internal sealed record SliceExpression(Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Line)
    : Expression(Line);

/// <summary>
/// An argument: by place, by name, or (with one or two <paramref name="Stars"/>) all items of a list or dictionary.
/// </summary>
internal readonly record struct Argument(string? Name, Expression Value, int Stars = 0);

/// <summary>A call of a function, method or macro.</summary>
internal sealed record CallExpression(Expression Target, IReadOnlyList<Argument> Arguments, int Line) : Expression(Line);

/// <summary><c>value | name(arguments)</c>; without a value the text of a block.</summary>
internal sealed record FilterExpression(Expression? Value, string Name, IReadOnlyList<Argument> Arguments, int Line)
    : Expression(Line);

/// <summary><c>value is name(arguments)</c>.</summary>
internal sealed record TestExpression(Expression Value, string Name, IReadOnlyList<Argument> Arguments, int Line)
    : Expression(Line);

/// <summary><c>not value</c>.</summary>
internal sealed record NotExpression(Expression Value, int Line) : Expression(Line);

/// <summary><c>-value</c> or <c>+value</c>.</summary>
internal sealed record SignExpression(string Sign, Expression Value, int Line) : Expression(Line);

/// <summary><c>and</c>, <c>or</c>.</summary>
internal sealed record LogicalExpression(Expression Left, Expression Right, bool IsOr, int Line) : Expression(Line);

/// <summary>Comparisons in a chain: <c>a &lt; b &lt; c</c>.</summary>
internal sealed record CompareExpression(Expression First, IReadOnlyList<(string Operator, Expression Value)> Rest, int Line)
    : Expression(Line);

/// <summary><c>a ~ b ~ c</c>.</summary>
internal sealed record ConcatExpression(IReadOnlyList<Expression> Parts, int Line) : Expression(Line);

/// <summary>Arithmetic.</summary>
internal sealed record BinaryExpression(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);

/// <summary><c>value if condition else otherwise</c>.</summary>
internal sealed record ConditionalExpression(Expression Condition, Expression Value, Expression? Otherwise, int Line)
    : Expression(Line);
