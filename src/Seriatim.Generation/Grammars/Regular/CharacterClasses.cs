using System.Collections.Concurrent;
using System.Globalization;

namespace Seriatim.Generation;

/// <summary>The named classes of characters of regular expressions.</summary>
internal static class CharacterClasses
{
    private static readonly ConcurrentDictionary<string, CodePointSet> Properties = new();

    /// <summary>Short and long names, in the order of <see cref="UnicodeCategory"/>.</summary>
    private static readonly string[] CategoryNames =
    [
        "Lu Uppercase_Letter", "Ll Lowercase_Letter", "Lt Titlecase_Letter", "Lm Modifier_Letter", "Lo Other_Letter",
        "Mn Nonspacing_Mark", "Mc Spacing_Mark", "Me Enclosing_Mark", "Nd Decimal_Number digit", "Nl Letter_Number",
        "No Other_Number",
        "Zs Space_Separator", "Zl Line_Separator", "Zp Paragraph_Separator", "Cc Control cntrl", "Cf Format", "Cs Surrogate",
        "Co Private_Use", "Pc Connector_Punctuation", "Pd Dash_Punctuation", "Ps Open_Punctuation", "Pe Close_Punctuation",
        "Pi Initial_Punctuation", "Pf Final_Punctuation", "Po Other_Punctuation", "Sm Math_Symbol", "Sc Currency_Symbol",
        "Sk Modifier_Symbol", "So Other_Symbol", "Cn Unassigned",
    ];

    private static readonly Dictionary<string, UnicodeCategory> Categories = CategoryNames
        .SelectMany((names, index) => names.Split(' ').Select(name => (name, (UnicodeCategory)index)))
        .ToDictionary(pair => pair.name, pair => pair.Item2);

    private static readonly string[] Groups =
        ["L Letter", "M Mark", "N Number", "P Punctuation punct", "S Symbol", "Z Separator", "C Other"];

    /// <summary><c>\d</c>: ASCII digits.</summary>
    public static CodePointSet Digit { get; } = CodePointSet.Of(('0', '9'));

    /// <summary><c>\w</c>: ASCII letters, digits, the underscore.</summary>
    public static CodePointSet Word { get; } = CodePointSet.Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));

    /// <summary><c>\s</c> of ASCII.</summary>
    public static CodePointSet AsciiSpace { get; } = CodePointSet.Of((9, 13), (' ', ' '));

    /// <summary><c>\s</c> of ECMAScript: white space and line ends of Unicode too.</summary>
    public static CodePointSet EcmaSpace { get; } = CodePointSet.Of((9, 13), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680),
        (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF));

    /// <summary><c>.</c>: everything but the ends of lines.</summary>
    public static CodePointSet Dot { get; } =
        CodePointSet.Of(('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)).Complement();

    /// <summary><c>\p{...}</c>: a general category by its short or long name; null: not known here.</summary>
    public static CodePointSet? Property(string name)
    {
        foreach (string prefix in (string[])["General_Category=", "gc="])
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                name = name[prefix.Length..];
        }
        if (name == "Any")
            return CodePointSet.All;
        if (name == "ASCII")
            return CodePointSet.Of((0, 127));
        if (Array.Find(Groups, names => names.Split(' ').Contains(name)) is { } group)
        {
            return Properties.GetOrAdd(group[..1], static letter => Find(Categories
                .Where(pair => pair.Key.Length == 2 && pair.Key[0] == letter[0]).Select(pair => pair.Value)));
        }
        return Categories.TryGetValue(name, out UnicodeCategory category)
            ? Properties.GetOrAdd(category.ToString(), _ => Find([category])) : null;
    }

    private static CodePointSet Find(IEnumerable<UnicodeCategory> categories)
    {
        HashSet<UnicodeCategory> wanted = [.. categories];
        return CodePointSet.Of(Enumerable.Range(0, 0x110000)
            .Where(value => wanted.Contains(CharUnicodeInfo.GetUnicodeCategory(value))).Select(value => (value, value)));
    }
}
