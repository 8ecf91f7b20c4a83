namespace Seriatim.Tokenizers;

/// <summary>The functions every template has.</summary>
internal static class TemplateGlobals
{
    /// <summary>As many numbers as the sandbox of Jinja lets a range have.</summary>
    private const int MaxRange = 100_000;

    private static readonly TemplateRoutine Joined = new("joiner", "", call => ((Joiner)call.Subject!).Take());

    private static readonly TemplateTable Functions = new(
        new("raise_exception", "message", call =>
            throw new ChatTemplateException($"the chat template refuses the conversation: {call.Print(call[0])}")),
        new("range", "start stop? step? /", Range),
        new("namespace", "* **", call => Fill(call, new TemplateNamespace())),
        new("dict", "* **", call => Fill(call, new TemplateMap())),
        new("cycler", "*", call => call.Given.Values.Count == 0 ? throw call.Refuse("needs something to cycle through")
            : new TemplateCycler(call.Given.Values)),
        new("joiner", "sep?", call => new TemplateFunction(Joined, new Joiner { Separator = call.Print(call.Or(0, ", ")) })),
        new("lipsum", "* **", call => throw call.Refuse("makes random text and is not supported")));

    /// <summary>Adds the functions to the outermost scope.</summary>
    public static void AddTo(TemplateScope scope, DateTimeOffset now)
    {
        foreach (string name in new[] { "raise_exception", "range", "namespace", "dict", "cycler", "joiner", "lipsum" })
            scope.Set(name, new TemplateFunction(Functions.Find(name)!));
        scope.Set("strftime_now", new TemplateFunction(new TemplateRoutine("strftime_now", "format",
            call => TemplateTime.Format(now, call.Text(0), call.Budget, call.Line))));
        scope.Set("self", new TemplateReference("<TemplateReference None>"));
    }

    private static object Fill(TemplateCall call, object target)
    {
        TemplateMap map = target is TemplateNamespace members ? members.Members : (TemplateMap)target;
        if (call.Given.Values.Count > 1)
            throw call.Refuse($"takes one value without a name, not {call.Given.Values.Count}");
        if (call.Given.Values is [TemplateMap source])
        {
            foreach ((object? key, object? value) in source.Items)
                map.Set(key, value);
        }
        else if (call.Given.Values is [var pairs])
        {
            foreach (object? pair in call.Run.Items(pairs, call.Line))
            {
                IReadOnlyList<object?> items = call.Run.Items(pair, call.Line);
                if (items.Count != 2)
                    throw call.Refuse($"needs pairs of key and value, not {items.Count} items");
                map.Set(call.Run.Key(items[0], call.Line), items[1]);
            }
        }

        foreach ((string key, object? value) in call.Given.Named)
            map.Set(key, value);
        return target;
    }

    private static TemplateRange Range(TemplateCall call)
    {
        long step = call.Integer(2, 1);
        var range = new TemplateRange(call.Has(1) ? call.Integer(0, 0) : 0,
            call.Has(1) ? call.Integer(1, 0) : call.Integer(0, 0), step);
        if (step == 0)
            throw call.Refuse("cannot have a step of 0");
        return range.Count <= MaxRange ? range
            : throw call.Refuse($"makes {range.Count} numbers, more than {MaxRange}; the template is broken or hostile");
    }

    /// <summary>Nothing at the first call, then the separator.</summary>
    private sealed class Joiner
    {
        private bool _used;

        public required string Separator { get; init; }

        public string Take()
        {
            string text = _used ? Separator : "";
            _used = true;
            return text;
        }
    }
}
