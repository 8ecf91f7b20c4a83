namespace Seriatim.Tokenizers;

/// <summary>
/// The parameters of a filter, test, method or function, written as <c>"width? first? blank?"</c>: a question
/// mark means that it may be left out, a slash that all before it go by place alone, <c>*</c> and <c>**</c> that
/// any more values or named values may follow.
/// </summary>
internal sealed class TemplateSignature
{
    private readonly string[] _names;
    private readonly bool[] _optional;
    private readonly bool _byPlace;
    private readonly bool _anyMore;
    private readonly bool _anyNamed;

    /// <summary>Reads a signature.</summary>
    public TemplateSignature(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] names = [.. parts.Where(part => part is not ("/" or "*" or "**"))];
        _names = [.. names.Select(name => name.TrimEnd('?'))];
        _optional = [.. names.Select(name => name.EndsWith('?'))];
        _byPlace = parts.Contains("/");
        _anyMore = parts.Contains("*");
        _anyNamed = parts.Contains("**");
    }

    /// <summary>
    /// Puts the arguments of a call in the places of the parameters; what fits nowhere is an error that names it.
    /// </summary>
    public object?[] Bind(string function, TemplateArguments given, int line)
    {
        if (given.Values.Count > _names.Length && !_anyMore)
            throw Wrong($"takes {_names.Length} arguments, not {given.Values.Count}");
        object?[] bound = new object?[_names.Length];
        for (int i = 0; i < bound.Length; i++)
            bound[i] = i < given.Values.Count ? given.Values[i] : TemplateArguments.Missing;
        foreach ((string name, object? value) in given.Named)
        {
            int place = _byPlace ? -1 : Array.IndexOf(_names, name);
            if (place < 0 && _anyNamed)
                continue;
            if (place < 0)
                throw Wrong($"has no argument called {name}");
            if (!ReferenceEquals(bound[place], TemplateArguments.Missing))
                throw Wrong($"is given {name} twice");
            bound[place] = value;
        }

        for (int i = 0; i < bound.Length; i++)
        {
            if (!_optional[i] && ReferenceEquals(bound[i], TemplateArguments.Missing))
                throw Wrong($"needs {_names[i]}");
        }

        return bound;

        ChatTemplateException Wrong(string problem) => new($"{function} {problem}", line);
    }
}

/// <summary>The arguments of a call: by place and by name.</summary>
internal readonly record struct TemplateArguments(IReadOnlyList<object?> Values, IReadOnlyDictionary<string, object?> Named)
{
    /// <summary>Stands in the place of an argument that was not given.</summary>
    public static readonly object Missing = new();

    /// <summary>No arguments.</summary>
    public static readonly TemplateArguments None = new([], new Dictionary<string, object?>());

    /// <summary>Arguments by place alone.</summary>
    public static TemplateArguments Of(params object?[] values) => None with { Values = values };

    /// <summary>All but the first <paramref name="count"/> by place.</summary>
    public TemplateArguments Skip(int count) => this with { Values = [.. Values.Skip(count)] };
}
