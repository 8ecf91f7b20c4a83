using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Turns a pattern in the syntax of Oniguruma (what <c>tokenizer.json</c> files hold) into .NET's: possessive quantifiers become
/// atomic groups, script names become ranges, <c>&amp;&amp;[^x]</c> becomes a subtraction, <c>\x{...}</c> becomes <c>\u....</c>.
/// </summary>
internal sealed class RegexTranslator
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Han"] = "\u2E80-\u2FDF\u3005\u3007\u3021-\u3029\u3038-\u303B\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF",
        ["Hiragana"] = "\u3041-\u3096\u309D-\u309F",
        ["Katakana"] = "\u30A1-\u30FA\u30FD-\u30FF\u31F0-\u31FF\u32D0-\u32FE\u3300-\u3357\uFF66-\uFF6F\uFF71-\uFF9D",
        ["Hangul"] = "\u1100-\u11FF\u302E\u302F\u3131-\u318E\u3200-\u321E\u3260-\u327E\uA960-\uA97C\uAC00-\uD7A3\uD7B0-\uD7FB\uFFA0-\uFFDC",
        ["Thai"] = "\u0E01-\u0E3A\u0E40-\u0E5B",
        ["Cyrillic"] = "\u0400-\u0484\u0487-\u052F\u1C80-\u1C88\u1D2B\u1D78\u2DE0-\u2DFF\uA640-\uA69F",
        ["Arabic"] = "\u0600-\u0604\u0606-\u060B\u060D-\u061A\u061C-\u061E\u0620-\u063F\u0641-\u064A\u0656-\u066F\u0671-\u06DC"
            + "\u06DE-\u06FF\u0750-\u077F\u08A0-\u08FF\uFB50-\uFDFF\uFE70-\uFEFC",
        ["Greek"] = "\u0370-\u0373\u0375-\u0377\u037A-\u037D\u037F\u0384\u0386\u0388-\u03E1\u03F0-\u03FF\u1F00-\u1FFE\u2126",
        ["Hebrew"] = "\u0591-\u05F4\uFB1D-\uFB4F",
        ["Latin"] = "A-Za-z\u00AA\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02B8\u02E0-\u02E4\u1D00-\u1D25\u1D2C-\u1D5C\u1D62-\u1D65"
            + "\u1D6B-\u1D77\u1D79-\u1DBE\u1E00-\u1EFF\u2071\u207F\u2090-\u209C\u212A\u212B\u2132\u214E\u2160-\u2188\u2C60-\u2C7F"
            + "\uA722-\uA787\uA78B-\uA7FF\uFB00-\uFB06\uFF21-\uFF3A\uFF41-\uFF5A",
    };

    private readonly string _pattern;
    private readonly string _file;
    private readonly string _component;
    private readonly StringBuilder _out = new();
    private readonly Stack<int> _groups = new();
    private int _at;
    private int _atom;

    private RegexTranslator(string pattern, string file, string component) =>
        (_pattern, _file, _component) = (pattern, file, component);

    /// <summary>Translates a pattern.</summary>
    public static string Translate(string pattern, string file, string component)
    {
        var translator = new RegexTranslator(pattern, file, component);
        while (translator._at < pattern.Length)
        {
            translator.Step();
        }

        return translator._out.ToString();
    }

    private void Step()
    {
        char c = _pattern[_at];
        switch (c)
        {
            case '\\':
                _atom = _out.Length;
                Escape(inClass: false);
                break;
            case '[':
                _atom = _out.Length;
                Class();
                break;
            case '(':
                _groups.Push(_out.Length);
                _out.Append(c);
                _at++;
                break;
            case ')':
                _atom = _groups.Count > 0 ? _groups.Pop() : _out.Length;
                _out.Append(c);
                _at++;
                break;
            case '*' or '+' or '?' or '{' when _out.Length > 0 && _out[^1] != '(':
                Quantifier();
                break;
            default:
                _atom = _out.Length;
                RefuseSupplementary(_at);
                _out.Append(c);
                _at++;
                break;
        }
    }

    private void Quantifier()
    {
        int end = _at + 1;
        if (_pattern[_at] == '{')
        {
            int close = _pattern.IndexOf('}', _at);
            if (close < 0 || _pattern.AsSpan(_at + 1, close - _at - 1).ContainsAnyExcept("0123456789,"))
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
        _at = end;
        if (_at < _pattern.Length && _pattern[_at] == '+')
        {
            _out.Insert(_atom, "(?>").Append(')');
            _at++;
        }
    }

    private void Class()
    {
        _out.Append('[');
        _at++;
        if (_at < _pattern.Length && _pattern[_at] == '^')
        {
            _out.Append('^');
            _at++;
        }

        bool first = true;
        while (_at < _pattern.Length)
        {
            char c = _pattern[_at];
            if (c == ']' && !first)
            {
                _out.Append(']');
                _at++;
                return;
            }

            first = false;
            if (c == '\\')
            {
                Escape(inClass: true);
            }
            else if (c == '&' && _pattern.AsSpan(_at).StartsWith("&&"))
            {
                Subtraction();
            }
            else if (c == '[')
            {
                if (_pattern.AsSpan(_at).StartsWith("[:"))
                {
                    throw Refuse("POSIX bracket expressions");
                }

                _out.Append("\\[");
                _at++;
            }
            else if (char.IsHighSurrogate(c))
            {
                SkipCasedRange();
            }
            else
            {
                _out.Append(c);
                _at++;
            }
        }
    }

    private void Subtraction()
    {
        _at += 2;
        if (!_pattern.AsSpan(_at).StartsWith("[^"))
        {
            throw Refuse("&& with anything but a negated class");
        }

        _out.Append("-[");
        int before = _out.Length;
        Class();

        // Class() wrote "[^x]"; a subtraction takes "[x]".
        _out.Remove(before, 2);
        if (_at >= _pattern.Length || _pattern[_at] != ']')
        {
            throw Refuse("anything after && [^x] in a class");
        }
    }

    private void SkipCasedRange()
    {
        if (_at + 4 < _pattern.Length && _pattern[_at + 2] == '-' && char.IsHighSurrogate(_pattern[_at + 3])
            && ShadowChars.InCasedScripts(char.ConvertToUtf32(_pattern, _at)))
        {
            // In the shadow these scripts are full-width Latin, which the class must then contain as well.
            _out.Append("\uFF21\uFF41");
            _at += 5;
            return;
        }

        RefuseSupplementary(_at);
    }

    private void Escape(bool inClass)
    {
        if (_at + 1 >= _pattern.Length)
        {
            throw Refuse("a trailing backslash");
        }

        char c = _pattern[_at + 1];
        if (c is 'p' or 'P' && _at + 2 < _pattern.Length && _pattern[_at + 2] == '{')
        {
            Property(inClass, c == 'P');
            return;
        }

        if (c == 'x' && _at + 2 < _pattern.Length && _pattern[_at + 2] == '{')
        {
            int close = _pattern.IndexOf('}', _at);
            if (close < 0 || !int.TryParse(_pattern.AsSpan(_at + 3, close - _at - 3), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out int value) || value > 0xFFFF)
            {
                throw Refuse("\\x{...} beyond FFFF");
            }

            _out.Append(CultureInfo.InvariantCulture, $"\\u{value:X4}");
            _at = close + 1;
            return;
        }

        if (c == 'h' || c == 'H')
        {
            _out.Append(inClass && c == 'h' ? "0-9a-fA-F" : c == 'h' ? "[0-9a-fA-F]" : inClass ? throw Refuse("\\H in a class")
                : "[^0-9a-fA-F]");
            _at += 2;
            return;
        }

        RefuseSupplementary(_at + 1);
        _out.Append('\\').Append(c);
        _at += 2;
    }

    private void Property(bool inClass, bool negated)
    {
        int close = _pattern.IndexOf('}', _at);
        if (close < 0)
        {
            throw Refuse("\\p without a closing brace");
        }

        string name = _pattern[(_at + 3)..close];
        if (name.StartsWith('^'))
        {
            negated = !negated;
            name = name[1..];
        }

        string bare = name[(name.IndexOf('=', StringComparison.Ordinal) + 1)..];
        if (Scripts.TryGetValue(bare, out string? ranges))
        {
            if (inClass && negated)
            {
                throw Refuse($"the negated script {name} in a class");
            }

            _out.Append(inClass ? ranges : negated ? $"[^{ranges}]" : $"[{ranges}]");
        }
        else
        {
            string category = bare switch
            {
                "Letter" or "Alpha" => "L",
                "Number" => "N",
                "Punctuation" or "Punct" => "P",
                "Symbol" => "S",
                "Mark" => "M",
                "Digit" => "Nd",
                "Upper" => "Lu",
                "Lower" => "Ll",
                _ => bare,
            };
            _out.Append(negated ? "\\P{" : "\\p{").Append(category).Append('}');
        }

        _at = close + 1;
    }

    private void RefuseSupplementary(int at)
    {
        if (char.IsSurrogate(_pattern[at]))
        {
            throw Refuse("a literal character beyond U+FFFF");
        }
    }

    private TokenizerFormatException Refuse(string what) =>
        new(_file, _component,
            $"the regular expression {_pattern} uses {what}, which is not supported; rewrite it or report it.");
}
