using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Runs the statements of a template.</summary>
internal sealed class TemplateEvaluator
{
    private readonly TemplateBudget _budget;
    private readonly TemplateScope _root;
    private readonly ExpressionEvaluator _expressions;
    private int _calls;

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Creates an evaluator whose outermost variables are <paramref name="root"/>.</summary>
    public TemplateEvaluator(TemplateScope root)
    {
        _root = root;
        _budget = new TemplateBudget();
        _expressions = new ExpressionEvaluator(_budget);
    }

    /// <summary>Renders a template.</summary>
    public string Render(IReadOnlyList<Statement> template)
    {
        var output = new StringBuilder();
        Run(template, _root, output);
        return output.ToString();
    }

    private Flow Run(IReadOnlyList<Statement> statements, TemplateScope scope, StringBuilder output)
    {
        foreach (Statement statement in statements)
        {
            Flow flow = Run(statement, scope, output);
            if (flow != Flow.Next)
            {
                return flow;
            }
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
                return Flow.Next;
            case PrintStatement print:
                Write(TemplateValue.Print(_expressions.Evaluate(print.Value, scope)), output, print.Line);
                return Flow.Next;
            case IfStatement branch:
                foreach ((Expression? condition, List<Statement> body) in branch.Branches)
                {
                    if (condition is null || TemplateValue.Truth(_expressions.Evaluate(condition, scope)))
                    {
                        return Run(body, scope, output);
                    }
                }

                return Flow.Next;
            case ForStatement loop:
                RunLoop(loop, scope, output);
                return Flow.Next;
            case SetStatement set:
                RunSet(set, scope);
                return Flow.Next;
            case MacroStatement macro:
                scope.Set(macro.Name, Macro(macro));
                return Flow.Next;
            case JumpStatement jump:
                return jump.IsBreak ? Flow.Break : Flow.Continue;
            case GroupStatement group:
                return Run(group.Body, scope, output);
            default:
                throw new InvalidOperationException(statement.GetType().Name);
        }
    }

    private void Write(string text, StringBuilder output, int line)
    {
        _budget.Make(text.Length, line);
        output.Append(text);
        if (output.Length > TemplateBudget.MaxLength)
        {
            throw TemplateBudget.TooLong(line);
        }
    }

    private void RunSet(SetStatement set, TemplateScope scope)
    {
        object? value;
        if (set.Value is not null)
        {
            value = _expressions.Evaluate(set.Value, scope);
        }
        else
        {
            var text = new StringBuilder();
            Run(set.Body, new TemplateScope(scope), text);
            value = text.ToString();
        }

        if (set.Attribute is not null)
        {
            if (scope.Get(set.Names[0]) is not TemplateMap { IsNamespace: true } target)
            {
                throw new ChatTemplateException($"{set.Names[0]} is not a namespace; only namespaces can be assigned to",
                    set.Line);
            }

            target.Set(set.Attribute, value);
            return;
        }

        Assign(set.Names, value, scope, set.Line);
    }

    private static void Assign(IReadOnlyList<string> names, object? value, TemplateScope scope, int line)
    {
        if (names.Count == 1)
        {
            scope.Set(names[0], value);
            return;
        }

        if (value is not List<object?> list || list.Count != names.Count)
        {
            throw new ChatTemplateException($"{names.Count} values are needed for {string.Join(", ", names)}", line);
        }

        for (int i = 0; i < names.Count; i++)
        {
            scope.Set(names[i], list[i]);
        }
    }

    private void RunLoop(ForStatement loop, TemplateScope scope, StringBuilder output)
    {
        List<object?> items = _expressions.Items(_expressions.Evaluate(loop.Items, scope), loop.Line);
        if (loop.Filter is not null)
        {
            var kept = new List<object?>();
            foreach (object? item in items)
            {
                var inner = new TemplateScope(scope);
                Assign(loop.Names, item, inner, loop.Line);
                if (TemplateValue.Truth(_expressions.Evaluate(loop.Filter, inner)))
                {
                    kept.Add(item);
                }
            }

            items = kept;
        }

        for (int i = 0; i < items.Count; i++)
        {
            _budget.Step(loop.Line);
            var inner = new TemplateScope(scope);
            inner.Set("loop", LoopVariable(items, i));
            Assign(loop.Names, items[i], inner, loop.Line);
            if (Run(loop.Body, inner, output) == Flow.Break)
            {
                break;
            }
        }

        if (items.Count == 0)
        {
            Run(loop.Otherwise, new TemplateScope(scope), output);
        }
    }

    private static TemplateMap LoopVariable(List<object?> items, int i)
    {
        var loop = new TemplateMap();
        loop.Set("index", i + 1L);
        loop.Set("index0", (long)i);
        loop.Set("revindex", (long)(items.Count - i));
        loop.Set("revindex0", items.Count - i - 1L);
        loop.Set("first", i == 0);
        loop.Set("last", i == items.Count - 1);
        loop.Set("length", (long)items.Count);
        loop.Set("depth", 1L);
        loop.Set("previtem", i > 0 ? items[i - 1] : new Undefined("loop.previtem"));
        loop.Set("nextitem", i + 1 < items.Count ? items[i + 1] : new Undefined("loop.nextitem"));
        loop.Set("cycle", (TemplateFunction)((arguments, _) => arguments.Count == 0 ? null : arguments[i % arguments.Count]));
        return loop;
    }

    private TemplateFunction Macro(MacroStatement macro) => (arguments, named) =>
    {
        if (++_calls > TemplateBudget.MaxCalls)
        {
            throw new ChatTemplateException($"macros call each other more than {TemplateBudget.MaxCalls} deep", macro.Line);
        }

        // A macro sees the variables of the template, not those of its caller.
        var scope = new TemplateScope(_root);
        for (int i = 0; i < macro.Parameters.Count; i++)
        {
            (string name, Expression? otherwise) = macro.Parameters[i];
            object? value = i < arguments.Count ? arguments[i]
                : named.TryGetValue(name, out object? given) ? given
                : otherwise is not null ? _expressions.Evaluate(otherwise, scope) : new Undefined(name);
            scope.Set(name, value);
        }

        if (arguments.Count > macro.Parameters.Count)
        {
            throw new ChatTemplateException($"the macro {macro.Name} takes {macro.Parameters.Count} arguments, not {arguments.Count}", macro.Line);
        }

        var text = new StringBuilder();
        Run(macro.Body, scope, text);
        _calls--;
        return text.ToString();
    };
}
