namespace Seriatim.Tokenizers;

/// <summary>Variables, with those of the surrounding block behind them.</summary>
internal sealed class TemplateScope(TemplateScope? parent)
{
    private Dictionary<string, object?>? _variables;

    /// <summary>Finds a variable here or further out.</summary>
    public object? Get(string name)
    {
        for (TemplateScope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._variables is { } variables && variables.TryGetValue(name, out object? value))
                return value;
        }

        return new Undefined(name);
    }

    /// <summary>Sets a variable here.</summary>
    public void Set(string name, object? value) => (_variables ??= new(StringComparer.Ordinal))[name] = value;

    private TemplateScope? Parent => parent;
}
