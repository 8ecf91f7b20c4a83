using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// A bracket expression on its way to .NET, whose classes know neither nested sets nor negated members: those wait as expressions
/// of one character each beside the class.
/// </summary>
internal sealed class RegexClassSet
{
    /// <summary>The long s.</summary>
    public const char LongS = '\u017F';

    private const string BothS = @"[sS\u017F]";

    private readonly StringBuilder _items = new();
    private readonly List<string> _others = [];

    /// <summary>Whether the set is what it does not list.</summary>
    public bool Negated { get; set; }

    /// <summary>Whether a class of .NET says it all.</summary>
    public bool IsPlain => _others.Count == 0;

    /// <summary>What stands between the brackets.</summary>
    public string Items => _items.ToString();

    /// <summary>Adds characters as they are written between brackets.</summary>
    public void Add(string items) => _items.Append(items);

    /// <summary>Adds a character of an expression, which may be the hyphen of a range.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="at">The character.</param>
    /// <param name="open">The first character of the class.</param>
    /// <param name="anyCase">Whether case is ignored.</param>
    public void AddMember(string pattern, int at, int open, bool anyCase)
    {
        _items.Append(pattern[at]);

        // Beside the characters, where it can be no part of a range.
        if (anyCase && HoldsS(pattern, at, open) && _others is not [.., BothS])
        {
            _others.Add(BothS);
        }
    }

    /// <summary>Adds everything but some characters.</summary>
    public void AddAllBut(string items) => _others.Add($"[^{items}]");

    /// <summary>Adds a nested set.</summary>
    public void Add(RegexClassSet nested)
    {
        if (nested is { Negated: false, IsPlain: true })
        {
            _items.Append(nested.Items);
        }
        else
        {
            _others.Add(nested.ToString());
        }
    }

    /// <summary>The characters that are in both sets, before negation.</summary>
    public RegexClassSet And(RegexClassSet other)
    {
        var both = new RegexClassSet();
        both._others.Add(IsPlain && other is { IsPlain: true, Negated: true } && _items.Length > 0 && other._items.Length > 0
            ? $"[{_items}-[{other._items}]]" : $"(?:(?={Positive()}){other})");
        return both;
    }

    /// <summary>An expression for one character of the set.</summary>
    public override string ToString()
    {
        if (!Negated)
        {
            return Positive();
        }

        if (IsPlain)
        {
            return _items.Length > 0 ? $"[^{_items}]" : @"[\s\S]";
        }

        return $"(?:(?!{Positive()})[\\s\\S])";
    }

    private string Positive()
    {
        if (IsPlain)
        {
            return _items.Length > 0 ? $"[{_items}]" : "(?!)";
        }

        IEnumerable<string> all = _items.Length > 0 ? _others.Prepend($"[{_items}]") : _others;
        return _others.Count == 1 && _items.Length == 0 ? _others[0] : $"(?:{string.Join('|', all)})";
    }

    /// <summary>
    /// Whether a member of a class is an s or a range with one, for which Oniguruma takes
    /// the long s as well without regard to case.
    /// </summary>
    private static bool HoldsS(string pattern, int at, int open)
    {
        char c = pattern[at];
        if (c is 's' or 'S' or LongS)
        {
            return true;
        }

        if (c != '-' || at <= open || at + 1 >= pattern.Length || pattern[at + 1] is '\\' or '[' or ']')
        {
            return false;
        }

        (char from, char to) = (pattern[at - 1], pattern[at + 1]);
        return (from < 's' && to > 's') || (from < 'S' && to > 'S');
    }
}
