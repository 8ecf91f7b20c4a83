namespace Seriatim.Tokenizers;

/// <summary>What <c>cycler()</c> makes: values that come round.</summary>
internal sealed class TemplateCycler(IReadOnlyList<object?> items) : TemplateObject
{
    private static readonly TemplateTable Methods = new(
        new("next", "", call => ((TemplateCycler)call.Subject!).Take()),
        new("reset", "", call =>
        {
            ((TemplateCycler)call.Subject!)._at = 0;
            return null;
        }));

    private int _at;

    /// <inheritdoc/>
    public override string Print() => throw new ChatTemplateException("a cycler cannot be printed; print its next() or current");

    /// <inheritdoc/>
    public override bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "current" => items[_at],
            "items" => new TemplateTuple([.. items]),
            "pos" => (long)_at,
            _ => Methods.Find(name) is { } method ? new TemplateFunction(method, this) : TemplateArguments.Missing,
        };
        return !ReferenceEquals(value, TemplateArguments.Missing);
    }

    private object? Take()
    {
        object? item = items[_at];
        _at = (_at + 1) % items.Count;
        return item;
    }
}
