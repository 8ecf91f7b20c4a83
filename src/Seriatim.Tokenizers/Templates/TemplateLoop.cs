namespace Seriatim.Tokenizers;

/// <summary>The variable <c>loop</c>; calling it runs a recursive loop over other items.</summary>
internal sealed class TemplateLoop(IReadOnlyList<object?> items, int depth, Func<object?, int, string>? recurse)
    : TemplateObject, ITemplateCallable
{
    private static readonly TemplateTable Methods = new(
        new("cycle", "*", call => call.Given.Values.Count == 0 ? throw call.Refuse("needs something to cycle through")
            : call.Given.Values[((TemplateLoop)call.Subject!).Index % call.Given.Values.Count]),
        new("changed", "*", call => ((TemplateLoop)call.Subject!).Changed(call)));

    private TemplateTuple? _last;

    /// <summary>The place in the items.</summary>
    public int Index { get; set; }

    /// <inheritdoc/>
    public override string Print() => $"<LoopContext {Index + 1}/{items.Count}>";

    /// <inheritdoc/>
    public override bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => Index + 1L,
            "index0" => (long)Index,
            "revindex" => (long)(items.Count - Index),
            "revindex0" => items.Count - Index - 1L,
            "first" => Index == 0,
            "last" => Index == items.Count - 1,
            "length" => (long)items.Count,
            "depth" => (long)depth,
            "depth0" => depth - 1L,
            "previtem" => Index > 0 ? items[Index - 1] : new Undefined("loop.previtem"),
            "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("loop.nextitem"),
            _ => Methods.Find(name) is { } method ? new TemplateFunction(method, this) : TemplateArguments.Missing,
        };
        return !ReferenceEquals(value, TemplateArguments.Missing);
    }

    /// <inheritdoc/>
    public object? Call(ExpressionEvaluator run, TemplateArguments arguments, int line) => recurse is null
        ? throw new ChatTemplateException("only a loop that is marked recursive can be called", line)
        : arguments is { Values.Count: 1, Named.Count: 0 } ? recurse(arguments.Values[0], line)
        : throw new ChatTemplateException($"loop takes 1 argument, not {arguments.Values.Count + arguments.Named.Count}", line);

    private bool Changed(TemplateCall call)
    {
        TemplateTuple? last = _last;
        _last = new TemplateTuple([.. call.Given.Values]);
        return last is null || !TemplateComparison.Same(last, _last, call.Budget, call.Line);
    }
}
