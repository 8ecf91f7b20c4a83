namespace Seriatim.Tokenizers;

/// <summary>A statement of a template.</summary>
internal abstract record Statement;

/// <summary>Text as it is.</summary>
internal sealed record DataStatement(string Text) : Statement;

/// <summary><c>{{ value }}</c>.</summary>
internal sealed record PrintStatement(Expression Value, int Line) : Statement;

/// <summary><c>if</c>, <c>elif</c>, <c>else</c>.</summary>
internal sealed record IfStatement(IReadOnlyList<(Expression? Condition, List<Statement> Body)> Branches, int Line) : Statement;

/// <summary><c>for</c>.</summary>
internal sealed record ForStatement(IReadOnlyList<string> Names, Expression Items, Expression? Filter,
    IReadOnlyList<Statement> Body,
    IReadOnlyList<Statement> Otherwise, int Line) : Statement;

/// <summary><c>set name = value</c>, <c>set name.attribute = value</c>, or a block that is rendered into the name.</summary>
internal sealed record SetStatement(IReadOnlyList<string> Names, string? Attribute, Expression? Value,
    IReadOnlyList<Statement> Body,
    int Line) : Statement;

/// <summary><c>macro</c>.</summary>
internal sealed record MacroStatement(string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters,
    IReadOnlyList<Statement> Body, int Line) : Statement;

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed record JumpStatement(bool IsBreak) : Statement;

/// <summary>Statements that belong together (<c>generation</c>).</summary>
internal sealed record GroupStatement(IReadOnlyList<Statement> Body) : Statement;
