using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Runs the statements of a template.</summary>
internal sealed class TemplateEvaluator
{
    private readonly TemplateBudget _budget;

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Creates an evaluator for one rendering.</summary>
    public TemplateEvaluator(TemplateBudget budget)
    {
        _budget = budget;
        Expressions = new ExpressionEvaluator(budget);
    }

    /// <summary>Who evaluates the expressions.</summary>
    public ExpressionEvaluator Expressions { get; }

    /// <summary>Renders statements with the variables of <paramref name="scope"/>.</summary>
    public string Render(IReadOnlyList<Statement> template, TemplateScope scope)
    {
        var output = new StringBuilder();
        Run(template, scope, output);
        return output.ToString();
    }

    /// <summary>Runs a loop over items that are there; a recursive one calls this again.</summary>
    public void RunLoop(ForStatement loop, object? over, TemplateScope scope, StringBuilder output, int depth)
    {
        IReadOnlyList<object?> items = Expressions.Items(over, loop.Line);
        if (loop.Filter is not null)
            items = Filtered(loop, items, scope);
        var variable = new TemplateLoop(items, depth, loop.Recursive ? (inner, line) => Expressions.Nested(() =>
        {
            var text = new StringBuilder();
            RunLoop(loop, inner, scope, text, depth + 1);
            return text.ToString();
        }, line) : null);
        for (int i = 0; i < items.Count; i++)
        {
            _budget.Step(loop.Line);
            var inner = new TemplateScope(scope);
            variable.Index = i;
            inner.Set("loop", variable);
            Assign(loop.Target, items[i], inner, loop.Line);
            if (Run(loop.Body, inner, output) == Flow.Break)
                break;
        }

        if (items.Count == 0)
            Run(loop.Otherwise, new TemplateScope(scope), output);
    }

    private Flow Run(IReadOnlyList<Statement> statements, TemplateScope scope, StringBuilder output)
    {
        foreach (Statement statement in statements)
        {
            Flow flow = Run(statement, scope, output);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, TemplateScope scope, StringBuilder output)
    {
        _budget.Step(0);
        switch (statement)
        {
            case DataStatement data:
                Write(data.Text, output, 0);
                break;
            case PrintStatement print:
                Write(TemplatePrinter.Print(Expressions.Evaluate(print.Value, scope), _budget, print.Line), output, print.Line);
                break;
            case IfStatement branch:
                List<Statement>? taken = branch.Branches.FirstOrDefault(
                    part => part.Condition is null || TemplateValue.Truth(Expressions.Evaluate(part.Condition, scope))).Body;
                return taken is null ? Flow.Next : Run(taken, scope, output);
            case ForStatement loop:
                RunLoop(loop, Expressions.Evaluate(loop.Items, scope), scope, output, 1);
                break;
            case SetStatement set:
                Assign(set.Target, Expressions.Evaluate(set.Value, scope), scope, set.Line);
                break;
            case SetBlockStatement set:
                Assign(set.Target, Filter(set.Filter, Render(set.Body, new TemplateScope(scope)), scope), scope, set.Line);
                break;
            case WithStatement with:
                return Run(with.Body, Variables(with, scope), output);
            case FilterStatement filter:
                string text = Render(filter.Body, new TemplateScope(scope));
                Write(TemplatePrinter.Print(Filter(filter.Filter, text, scope), _budget, filter.Line), output, filter.Line);
                break;
            case MacroStatement macro:
                scope.Set(macro.Macro.Name, new TemplateMacro(macro.Macro, this, scope));
                break;
            case CallStatement call:
                Call(call, scope, output);
                break;
            case JumpStatement jump:
                return jump.IsBreak ? Flow.Break : Flow.Continue;
            case GroupStatement group:
                return Run(group.Body, new TemplateScope(scope), output);
            default:
                throw new InvalidOperationException(statement.GetType().Name);
        }

        return Flow.Next;
    }

    private object? Filter(Expression? filter, string text, TemplateScope scope) =>
        filter is null ? text : Expressions.Evaluate(filter, scope, text);

    private void Call(CallStatement statement, TemplateScope scope, StringBuilder output)
    {
        CallExpression call = statement.Call;
        TemplateArguments arguments = Expressions.Arguments(call.Arguments, scope);
        var named = new Dictionary<string, object?>(arguments.Named)
        {
            ["caller"] = new TemplateMacro(statement.Block, this, scope),
        };
        object? result = Expressions.Call(Expressions.Evaluate(call.Target, scope), "the macro",
            arguments with { Named = named }, call.Line);
        Write(TemplatePrinter.Print(result, _budget, call.Line), output, call.Line);
    }

    private void Write(string text, StringBuilder output, int line)
    {
        _budget.Make(text.Length, line);
        output.Append(text);
        if (output.Length > TemplateBudget.MaxLength)
            throw TemplateBudget.TooLong(line);
    }

    /// <summary>The values are found outside before the first is set.</summary>
    private TemplateScope Variables(WithStatement with, TemplateScope scope)
    {
        var inner = new TemplateScope(scope);
        foreach ((AssignTarget target, Expression value) in with.Variables)
            Assign(target, Expressions.Evaluate(value, scope), inner, with.Line);
        return inner;
    }

    private List<object?> Filtered(ForStatement loop, IReadOnlyList<object?> items, TemplateScope scope)
    {
        var kept = new List<object?>();
        foreach (object? item in items)
        {
            var inner = new TemplateScope(scope);
            inner.Set("loop", new Undefined("loop"));
            Assign(loop.Target, item, inner, loop.Line);
            if (TemplateValue.Truth(Expressions.Evaluate(loop.Filter!, inner)))
                kept.Add(item);
        }

        return kept;
    }

    private void Assign(AssignTarget target, object? value, TemplateScope scope, int line)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case MemberTarget member:
                if (scope.Get(member.Name) is not TemplateNamespace members)
                {
                    throw new ChatTemplateException($"{member.Name} is not a namespace; only namespaces can be assigned to",
                        line);
                }
                members.Members.Set(member.Member, value);
                break;
            case TupleTarget tuple:
                IReadOnlyList<object?> items = Expressions.Items(value is Undefined undefined
                    ? throw new ChatTemplateException($"{undefined.Problem}, so it cannot be spread", line) : value, line);
                if (items.Count != tuple.Targets.Count)
                    throw new ChatTemplateException($"{tuple.Targets.Count} values are needed, there are {items.Count}", line);
                for (int i = 0; i < items.Count; i++)
                    Assign(tuple.Targets[i], items[i], scope, line);
                break;
        }
    }
}
