namespace Seriatim.Tokenizers;

/// <summary>A statement of a template.</summary>
internal abstract record Statement;

/// <summary>What is assigned to.</summary>
internal abstract record AssignTarget;

/// <summary>A variable.</summary>
internal sealed record NameTarget(string Name) : AssignTarget;

/// <summary>A member of a namespace.</summary>
internal sealed record MemberTarget(string Name, string Member) : AssignTarget;

/// <summary>Several targets, over which the items of a value are spread.</summary>
internal sealed record TupleTarget(IReadOnlyList<AssignTarget> Targets) : AssignTarget;

/// <summary>Text as it is.</summary>
internal sealed record DataStatement(string Text) : Statement;

/// <summary><c>{{ value }}</c>.</summary>
internal sealed record PrintStatement(Expression Value, int Line) : Statement;

/// <summary><c>if</c>, <c>elif</c>, <c>else</c>.</summary>
internal sealed record IfStatement(IReadOnlyList<(Expression? Condition, List<Statement> Body)> Branches, int Line) : Statement;

/// <summary><c>for</c>.</summary>
internal sealed record ForStatement(AssignTarget Target, Expression Items, Expression? Filter, bool Recursive,
    IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Otherwise, int Line) : Statement;

/// <summary><c>set target = value</c>.</summary>
internal sealed record SetStatement(AssignTarget Target, Expression Value, int Line) : Statement;

/// <summary><c>set target</c>: a block that is rendered, perhaps filtered, into the target.</summary>
internal sealed record SetBlockStatement(AssignTarget Target, Expression? Filter, IReadOnlyList<Statement> Body, int Line)
    : Statement;

/// <summary><c>with</c>: variables of a block.</summary>
internal sealed record WithStatement(IReadOnlyList<(AssignTarget Target, Expression Value)> Variables,
    IReadOnlyList<Statement> Body, int Line) : Statement;

/// <summary><c>filter</c>: a block whose text goes through a filter.</summary>
internal sealed record FilterStatement(Expression Filter, IReadOnlyList<Statement> Body, int Line) : Statement;

/// <summary>
/// A macro, or the block of a <c>call</c>; <see cref="Special"/> has which of varargs, kwargs and caller its body reads.
/// </summary>
internal sealed record MacroDefinition(string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters,
    IReadOnlyList<Statement> Body, IReadOnlySet<string> Special, int Line);

/// <summary><c>macro</c>.</summary>
internal sealed record MacroStatement(MacroDefinition Macro) : Statement;

/// <summary><c>call</c>: calls a macro, which can call the block.</summary>
internal sealed record CallStatement(CallExpression Call, MacroDefinition Block) : Statement;

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed record JumpStatement(bool IsBreak) : Statement;

/// <summary>Statements with a scope of their own (<c>generation</c>).</summary>
internal sealed record GroupStatement(IReadOnlyList<Statement> Body) : Statement;
