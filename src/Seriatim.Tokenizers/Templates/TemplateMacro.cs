namespace Seriatim.Tokenizers;

/// <summary>A macro, or the block of a <c>call</c>. It sees the variables of the place where it stands.</summary>
internal sealed class TemplateMacro(MacroDefinition macro, TemplateEvaluator evaluator, TemplateScope outer)
    : TemplateObject, ITemplateCallable
{
    /// <inheritdoc/>
    public override string Print() => $"<Macro '{macro.Name}'>";

    /// <inheritdoc/>
    public override bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "name" => macro.Name,
            "arguments" => new TemplateTuple([.. macro.Parameters.Select(parameter => parameter.Name)]),
            "catch_kwargs" => macro.Special.Contains("kwargs"),
            "catch_varargs" => macro.Special.Contains("varargs"),
            "caller" => macro.Special.Contains("caller"),
            _ => new Undefined(name),
        };
        return value is not Undefined;
    }

    /// <inheritdoc/>
    public object? Call(ExpressionEvaluator run, TemplateArguments arguments, int line) => run.Nested(() =>
    {
        var scope = new TemplateScope(outer);
        var named = new Dictionary<string, object?>(arguments.Named);
        for (int i = 0; i < macro.Parameters.Count; i++)
        {
            (string name, Expression? otherwise) = macro.Parameters[i];
            bool given = named.Remove(name, out object? value);
            if (given && i < arguments.Values.Count)
                throw new ChatTemplateException($"the macro {macro.Name} is given {name} twice", line);
            scope.Set(name, i < arguments.Values.Count ? arguments.Values[i] : given ? value
                : otherwise is null ? new Undefined(name) : run.Evaluate(otherwise, scope));
        }

        SetRest(scope, arguments, named, line);
        return evaluator.Render(macro.Body, scope);
    }, line);

    private void SetRest(TemplateScope scope, TemplateArguments arguments, Dictionary<string, object?> named, int line)
    {
        bool isGiven = named.Remove("caller", out object? caller);
        if (macro.Special.Contains("caller"))
        {
            scope.Set("caller", isGiven ? caller : new Undefined("caller"));
        }
        else if (isGiven)
        {
            throw new ChatTemplateException($"the macro {macro.Name} is called with a block, but does not call it (caller())",
                line);
        }
        if (macro.Special.Contains("kwargs"))
        {
            var rest = new TemplateMap();
            foreach ((string name, object? value) in named)
                rest.Set(name, value);
            scope.Set("kwargs", rest);
        }
        else if (named.Count > 0)
        {
            throw new ChatTemplateException($"the macro {macro.Name} has no argument called {named.Keys.First()}", line);
        }

        if (macro.Special.Contains("varargs"))
        {
            scope.Set("varargs", new TemplateTuple([.. arguments.Values.Skip(macro.Parameters.Count)]));
        }
        else if (arguments.Values.Count > macro.Parameters.Count)
        {
            throw new ChatTemplateException(
                $"the macro {macro.Name} takes {macro.Parameters.Count} arguments, not {arguments.Values.Count}", line);
        }
    }
}
