namespace Seriatim.Tokenizers;

/// <summary>
/// The named character classes of Oniguruma (Unicode, Ruby syntax) as what stands between the brackets of a class of .NET: POSIX
/// names, general categories, scripts.
/// </summary>
internal static class RegexClasses
{
    /// <summary>\w between brackets: alphabetic characters, marks, decimal digits, connectors.</summary>
    public const string WordInSet = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u24B6-\u24E9";

    /// <summary>\w by itself: by an old table of Oniguruma six numbers of Latin-1 as well.</summary>
    public const string Word = WordInSet + @"\u00B2\u00B3\u00B9\u00BC-\u00BE";

    /// <summary>\h.</summary>
    public const string Hexadecimal = "0-9a-fA-F";

    private static readonly Dictionary<string, string> Posix = new(StringComparer.Ordinal)
    {
        ["alpha"] = UnicodeScripts.ClassOf("Alphabetic")!,
        ["alnum"] = UnicodeScripts.ClassOf("Alphabetic") + @"\p{Nd}",
        ["ascii"] = @"\u0000-\u007F",
        ["blank"] = @"\p{Zs}\t",
        ["cntrl"] = @"\p{Cc}",
        ["digit"] = @"\p{Nd}",
        ["graph"] = @"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}",
        ["lower"] = UnicodeScripts.ClassOf("Lowercase")!,
        ["print"] = @"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Zs}",
        ["punct"] = @"\p{P}\p{S}",
        ["space"] = @"\s",
        ["upper"] = UnicodeScripts.ClassOf("Uppercase")!,
        ["xdigit"] = Hexadecimal,
        ["word"] = WordInSet,
    };

    private static readonly Dictionary<string, string> Categories = MakeCategories();

    /// <summary>A POSIX class (<c>[:alpha:]</c>), or null.</summary>
    public static string? OfPosix(string name) => Posix.GetValueOrDefault(name);

    /// <summary>A property (<c>\p{...}</c>), or null.</summary>
    public static string? OfProperty(string name)
    {
        // Scripts may be written as sc=Han or Script=Han, categories as gc=L.
        string bare = UnicodeScripts.Fold(name[(name.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        if (bare == "any")
        {
            return @"\s\S";
        }

        // As properties these two are narrower than the POSIX classes of the same name.
        return bare switch
        {
            "punct" => @"\p{P}",
            "cntrl" => @"\p{Cc}",
            _ => Categories.GetValueOrDefault(bare) ?? Posix.GetValueOrDefault(bare) ?? UnicodeScripts.ClassOf(bare),
        };
    }

    private static Dictionary<string, string> MakeCategories()
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        string[] names =
        [
            "L Letter", "Lu Uppercase_Letter", "Ll Lowercase_Letter", "Lt Titlecase_Letter", "Lm Modifier_Letter",
            "Lo Other_Letter", "M Mark", "M Combining_Mark", "Mn Nonspacing_Mark", "Mc Spacing_Mark", "Me Enclosing_Mark",
            "N Number", "Nd Decimal_Number", "Nl Letter_Number", "No Other_Number",
            "P Punctuation", "Pc Connector_Punctuation", "Pd Dash_Punctuation", "Ps Open_Punctuation", "Pe Close_Punctuation",
            "Pi Initial_Punctuation", "Pf Final_Punctuation", "Po Other_Punctuation",
            "S Symbol", "Sm Math_Symbol", "Sc Currency_Symbol", "Sk Modifier_Symbol", "So Other_Symbol",
            "Z Separator", "Zs Space_Separator", "Zl Line_Separator", "Zp Paragraph_Separator",
            "C Other", "Cc Control", "Cf Format", "Cn Unassigned", "Co Private_Use", "Cs Surrogate",
        ];
        foreach (string pair in names)
        {
            string[] parts = pair.Split(' ');
            known[UnicodeScripts.Fold(parts[0])] = $"\\p{{{parts[0]}}}";
            known[UnicodeScripts.Fold(parts[1])] = $"\\p{{{parts[0]}}}";
        }

        known["lc"] = known["casedletter"] = @"\p{Lu}\p{Ll}\p{Lt}";
        known["whitespace"] = @"\s";
        return known;
    }
}
