using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Turns a pattern in the syntax of Oniguruma with Ruby's rules (what <c>tokenizer.json</c> files hold) into .NET's: possessive
/// quantifiers become atomic groups, named classes become categories and ranges, nested sets and <c>&amp;&amp;</c> become
/// subtractions or alternatives, <c>\x{...}</c> becomes <c>\u....</c>. What has no counterpart is refused.
/// </summary>
internal sealed class RegexTranslator
{
    private const string Boundary =
        $"(?:(?<=[{RegexClasses.Word}])(?![{RegexClasses.Word}])|(?<![{RegexClasses.Word}])(?=[{RegexClasses.Word}]))";
    private const string NoBoundary =
        $"(?:(?<=[{RegexClasses.Word}])(?=[{RegexClasses.Word}])|(?<![{RegexClasses.Word}])(?![{RegexClasses.Word}]))";

    private readonly string _pattern;
    private readonly string _file;
    private readonly string _component;
    private readonly StringBuilder _out = new();
    private readonly Stack<(int Start, bool AnyCase, bool Repeats)> _groups = new();
    private int _at;
    private int _atom;
    private bool _anyCase;

    // Whether the group being read, and the atom just read, repeat something without a bound.
    private bool _repeats;
    private bool _atomRepeats;
    private bool _nested;

    private RegexTranslator(string pattern, string file, string component) =>
        (_pattern, _file, _component) = (pattern, file, component);

    /// <summary>Translates a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="file">For errors.</param>
    /// <param name="component">For errors.</param>
    /// <param name="nested">Whether a repetition is repeated, which can make a backtracking engine try without end.</param>
    public static string Translate(string pattern, string file, string component, out bool nested)
    {
        var translator = new RegexTranslator(pattern, file, component);
        while (translator._at < pattern.Length)
        {
            translator.Step();
        }

        nested = translator._nested;
        return translator._out.ToString();
    }

    private bool Ahead(string text) => _pattern.AsSpan(_at).StartsWith(text, StringComparison.Ordinal);

    private void Step()
    {
        char c = _pattern[_at];
        bool quantifies = c is '*' or '+' or '?' or '{' && _out.Length > 0 && _out[^1] != '(';
        _atomRepeats &= quantifies;
        switch (c)
        {
            case '\\':
                _atom = _out.Length;
                Escape();
                break;
            case '[':
                _atom = _out.Length;
                _out.Append(Class());
                break;
            case '(':
                Open();
                break;
            case ')':
                _atomRepeats = _repeats;
                (_atom, _anyCase, bool outer) = _groups.Count > 0 ? _groups.Pop() : (_out.Length, _anyCase, false);
                _repeats |= outer;
                _out.Append(c);
                _at++;
                break;
            case '*' or '+' or '?' or '{' when quantifies:
                Quantifier();
                break;
            default:
                _atom = _out.Length;
                RefuseSupplementary(_at);

                // Without regard to case Oniguruma takes the long s for an s; .NET does not.
                _out.Append(_anyCase && c is 's' or 'S' or RegexClassSet.LongS ? @"[sS\u017F]" : c.ToString());
                _at++;
                break;
        }
    }

    private void Open()
    {
        _groups.Push((_out.Length, _anyCase, _repeats));
        _repeats = false;
        int close = _at + 2;
        while (_at + 1 < _pattern.Length && _pattern[_at + 1] == '?' && close < _pattern.Length
            && _pattern[close] is 'i' or 'm' or 'x' or '-')
        {
            close++;
        }

        if (close == _at + 2 || close >= _pattern.Length || _pattern[close] is not (':' or ')'))
        {
            _out.Append('(');
            _at++;
            return;
        }

        // Ruby's m lets a dot match line ends, which .NET calls s.
        string flags = _pattern[(_at + 2)..close];
        int minus = flags.IndexOf('-', StringComparison.Ordinal);
        int i = flags.IndexOf('i', StringComparison.Ordinal);
        _anyCase = i < 0 ? _anyCase : minus < 0 || i < minus;
        _out.Append("(?").Append(flags.Replace('m', 's'));
        if (_pattern[close] == ':')
        {
            _out.Append(':');
        }
        else
        {
            // The setting lasts to the end of the group around it.
            _out.Append(')');
            _repeats = _groups.Pop().Repeats;
        }

        _at = close + 1;
    }

    private void Quantifier()
    {
        int end = _at + 1;
        bool interval = _pattern[_at] == '{';
        if (interval)
        {
            int close = _pattern.IndexOf('}', _at);
            if (close < 0 || _pattern.AsSpan(_at + 1, close - _at - 1).ContainsAnyExcept("0123456789,") || close == _at + 1)
            {
                _atom = _out.Length;
                _out.Append("\\{");
                _at++;
                return;
            }

            end = close + 1;
        }

        // Oniguruma reads {,n} as {0,n}; .NET would read it as literal text.
        string quantifier = _pattern[_at..end].Replace("{,", "{0,", StringComparison.Ordinal);
        _out.Append(quantifier);
        bool unbounded = quantifier is "*" or "+" || quantifier.EndsWith(",}", StringComparison.Ordinal);
        _nested |= unbounded && _atomRepeats;
        _repeats |= unbounded;
        _at = end;
        char next = _at < _pattern.Length ? _pattern[_at] : '\0';
        if (next == '+')
        {
            // Behind an interval Ruby's + repeats; elsewhere it forbids backtracking.
            _out.Insert(_atom, interval ? "(?:" : "(?>").Append(interval ? ")+" : ")");
            _at++;
        }
        else if (next == '?' && interval && !quantifier.Contains(',', StringComparison.Ordinal))
        {
            _out.Insert(_atom, "(?:").Append(")?");
            _at++;
        }
        else if (next == '?')
        {
            _out.Append('?');
            _at++;
        }
    }

    private RegexClassSet Class()
    {
        var set = new RegexClassSet();
        _at++;
        bool negated = Ahead("^");
        _at += negated ? 1 : 0;
        set = ClassBody(set, first: true);
        set.Negated = negated;
        _at++;
        return set;
    }

    /// <summary>Reads members up to the closing bracket, which it leaves.</summary>
    private RegexClassSet ClassBody(RegexClassSet set, bool first)
    {
        int open = _at;
        for (; _at < _pattern.Length; first = false)
        {
            char c = _pattern[_at];
            if (c == ']' && !first)
                return set;

            if (c == '\\')
            {
                ClassEscape(set);
            }
            else if (Ahead("&&"))
            {
                _at += 2;
                int start = _at;
                RegexClassSet right = ClassBody(new RegexClassSet(), first: false);

                // A single nested set is kept as one: a negated one becomes a subtraction.
                bool single = _pattern[start] == '[' && EndOfSet(start) == _at;
                if (single)
                {
                    int end = _at;
                    _at = start;
                    right = Class();
                    _at = end;
                }

                return set.And(right);
            }
            else if (Ahead("[:"))
            {
                PosixClass(set);
            }
            else if (c == '[')
            {
                set.Add(Class());
            }
            else if (char.IsHighSurrogate(c))
            {
                CasedRange(set);
            }
            else
            {
                set.AddMember(_pattern, _at, open, _anyCase);
                _at++;
            }
        }

        throw Refuse("a bracket that is never closed");
    }

    private int EndOfSet(int start)
    {
        int before = _at;
        _at = start;
        Class();
        (int end, _at) = (_at, before);
        return end;
    }

    private void PosixClass(RegexClassSet set)
    {
        int close = _pattern.IndexOf(":]", _at, StringComparison.Ordinal);
        string name = close < 0 ? "" : _pattern[(_at + 2)..close];
        bool negated = name.StartsWith('^');
        string items = RegexClasses.OfPosix(negated ? name[1..] : name)
            ?? throw Refuse($"the bracket expression [:{name}:]");
        if (negated)
        {
            set.AddAllBut(items);
        }
        else
        {
            set.Add(items);
        }

        _at = close + 2;
    }

    private void CasedRange(RegexClassSet set)
    {
        if (_at + 4 < _pattern.Length && _pattern[_at + 2] == '-' && char.IsHighSurrogate(_pattern[_at + 3])
            && ShadowChars.InCasedScripts(char.ConvertToUtf32(_pattern, _at)))
        {
            // In the shadow these scripts are full-width Latin, which the class must then contain as well.
            set.Add("\uFF21\uFF41");
            _at += 5;
            return;
        }

        RefuseSupplementary(_at);
    }

    private void ClassEscape(RegexClassSet set)
    {
        if (NamedClass(RegexClasses.WordInSet, out string items, out bool negated))
        {
            if (negated)
            {
                set.AddAllBut(items);
            }
            else
            {
                set.Add(items);
            }
        }
        else
        {
            set.Add(Literal());
        }
    }

    private void Escape()
    {
        if (NamedClass(RegexClasses.Word, out string items, out bool negated))
        {
            _out.Append(negated ? "[^" : "[").Append(items).Append(']');
            return;
        }

        string? whole = _pattern[_at + 1] switch
        {
            'b' => Boundary,
            'B' => NoBoundary,
            'R' => @"(?>\r\n|[\n-\r\u0085\u2028\u2029])",
            'X' or 'y' or 'Y' or 'K' or 'g' or 'N' or 'O' => throw Refuse($"\\{_pattern[_at + 1]}"),
            _ => null,
        };
        if (whole is null)
        {
            _out.Append(Literal());
            return;
        }

        _out.Append(whole);
        _at += 2;
    }

    /// <summary>Reads an escape that stands for many characters.</summary>
    private bool NamedClass(string word, out string items, out bool negated)
    {
        (items, negated) = ("", false);
        if (_at + 1 >= _pattern.Length)
            throw Refuse("a trailing backslash");

        char c = _pattern[_at + 1];
        if (c is 'p' or 'P' && _at + 2 < _pattern.Length && _pattern[_at + 2] == '{')
        {
            int close = _pattern.IndexOf('}', _at);
            if (close < 0)
                throw Refuse("\\p without a closing brace");

            string name = _pattern[(_at + 3)..close];
            negated = (c == 'P') != name.StartsWith('^');
            items = RegexClasses.OfProperty(name.TrimStart('^')) ?? throw Refuse($"the property {name}");
            _at = close + 1;
            return true;
        }

        items = char.ToLowerInvariant(c) switch
        {
            'w' => word,
            'h' => RegexClasses.Hexadecimal,
            's' => @"\s",
            'd' => @"\d",
            _ => "",
        };
        negated = char.IsUpper(c);
        _at += items.Length > 0 ? 2 : 0;
        return items.Length > 0;
    }

    /// <summary>Reads an escape that stands for one character, or for a place.</summary>
    private string Literal()
    {
        char c = _pattern[_at + 1];
        if (c == 'x' && _at + 2 < _pattern.Length && _pattern[_at + 2] == '{')
        {
            int close = _pattern.IndexOf('}', _at);
            if (close < 0 || !int.TryParse(_pattern.AsSpan(_at + 3, close - _at - 3), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out int value) || value > 0xFFFF)
            {
                throw Refuse("\\x{...} beyond FFFF");
            }

            _at = close + 1;
            return string.Create(CultureInfo.InvariantCulture, $"\\u{value:X4}");
        }

        RefuseSupplementary(_at + 1);
        _at += 2;
        return $"\\{c}";
    }

    private void RefuseSupplementary(int at)
    {
        if (char.IsSurrogate(_pattern[at]))
            throw Refuse("a literal character beyond U+FFFF");
    }

    private TokenizerFormatException Refuse(string what) =>
        new(_file, _component,
            $"the regular expression {_pattern} uses {what}, which is not supported; rewrite it or report it.");
}
