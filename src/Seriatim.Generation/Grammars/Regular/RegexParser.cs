using System.Collections.Immutable;
using System.Globalization;

namespace Seriatim.Generation;

/// <summary>
/// Reads a regular expression of ECMAScript (ECMA-262, with the flag <c>u</c>, and with what its Annex B forgives). What is not
/// regular is refused by name with its position: back-references, looking behind, word boundaries.
/// </summary>
internal sealed class RegexParser
{
    private const int MaxDepth = 200;

    private readonly string _pattern;
    private readonly CodePointSet _space;
    private int _at;
    private int _depth;

    private RegexParser(string pattern, CodePointSet space) => (_pattern, _space) = (pattern, space);

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern, without slashes around it.</param>
    /// <param name="space">What <c>\s</c> is.</param>
    public static RegexNode Parse(string pattern, CodePointSet space)
    {
        var parser = new RegexParser(pattern, space);
        RegexNode node = parser.Alternatives();
        if (parser._at < pattern.Length)
            throw parser.Error("a ) without its (");
        return node;
    }

    private bool AtEnd => _at >= _pattern.Length;

    private GrammarException Error(string problem, int? at = null) =>
        new("Regular expression", $"position {at ?? _at}", $"{problem}: {_pattern}");

    private bool Take(string text)
    {
        if (string.CompareOrdinal(_pattern, _at, text, 0, text.Length) != 0)
            return false;
        _at += text.Length;
        return true;
    }

    private RegexNode Alternatives()
    {
        if (++_depth > MaxDepth)
            throw Error($"groups are nested deeper than {MaxDepth}");
        var alternatives = ImmutableArray.CreateBuilder<RegexNode>();
        do
        {
            alternatives.Add(Parts());
        }
        while (Take("|"));
        _depth--;
        return alternatives.Count == 1 ? alternatives[0] : new RegexNode.Choice(alternatives.ToImmutable());
    }

    private RegexNode Parts()
    {
        var parts = ImmutableArray.CreateBuilder<RegexNode>();
        while (!AtEnd && _pattern[_at] is not ('|' or ')'))
            parts.Add(Quantified());
        return parts.Count == 1 ? parts[0] : new RegexNode.Sequence(parts.ToImmutable());
    }

    private RegexNode Quantified()
    {
        RegexNode atom = Atom();
        int start = _at;
        if (Quantifier() is not var (min, max))
            return atom;
        if (atom is RegexNode.Anchor or RegexNode.Look)
            throw Error("nothing to repeat before a quantifier", start);
        Take("?");
        if (Quantifier() is not null)
            throw Error("a quantifier after a quantifier", start);
        return new RegexNode.Repeat(atom, min, max);
    }

    private (int Min, int? Max)? Quantifier()
    {
        if (Take("*"))
            return (0, null);
        if (Take("+"))
            return (1, null);
        if (Take("?"))
            return (0, 1);
        int start = _at;
        if (!Take("{"))
            return null;
        if (Number() is not { } min)
        {
            _at = start;
            return null;
        }
        int? max = Take(",") ? Number() : min;
        if (!Take("}"))
        {
            _at = start;
            return null;
        }
        return max < min ? throw Error($"{{{min},{max}}} has its numbers out of order", start) : (min, max);
    }

    private int? Number()
    {
        int start = _at;
        while (!AtEnd && char.IsAsciiDigit(_pattern[_at]))
            _at++;
        if (_at == start)
            return null;
        return int.TryParse(_pattern.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value : throw Error("a number of repetitions that is too large", start);
    }

    private RegexNode Atom()
    {
        int start = _at;
        switch (_pattern[_at])
        {
            case '(':
                return Group();
            case '[':
                return new RegexNode.Character(Class());
            case '.':
                _at++;
                return new RegexNode.Character(CharacterClasses.Dot);
            case '^' or '$':
                return new RegexNode.Anchor(_pattern[_at++] == '^');
            case '*' or '+' or '?':
                throw Error("nothing to repeat before a quantifier");
            case '{' when Quantifier() is not null:
                throw Error("nothing to repeat before a quantifier", start);
            case '\\':
                return new RegexNode.Character(Escape(inClass: false));
            default:
                return new RegexNode.Character(CodePointSet.Of(CodePoint()));
        }
    }

    private RegexNode Group()
    {
        int start = _at++;
        foreach ((string sign, bool forbidden) in new[] { ("?=", false), ("?!", true) })
        {
            if (Take(sign))
                return new RegexNode.Look(Closed(start), forbidden, start);
        }
        if (Take("?<=") || Take("?<!"))
            throw Error("looking behind ((?<= and (?<!) is not supported", start);
        if (Take("?<"))
        {
            while (!AtEnd && (char.IsLetterOrDigit(_pattern[_at]) || _pattern[_at] is '_' or '$'))
                _at++;
            if (!Take(">"))
                throw Error("the name of a group needs a >", start);
        }
        else if (!Take("?:") && Take("?"))
        {
            throw Error("a group that begins with (? is one of (?: (?<name> (?= (?!; flags inside a pattern are not supported",
                start);
        }
        return Closed(start);
    }

    private RegexNode Closed(int start)
    {
        RegexNode inner = Alternatives();
        return Take(")") ? inner : throw Error("a ( without its )", start);
    }

    private CodePointSet Class()
    {
        int start = _at++;
        bool negated = Take("^");
        CodePointSet set = CodePointSet.None;
        while (!Take("]"))
        {
            if (AtEnd)
                throw Error("a [ without its ]", start);
            int from = _at;
            (CodePointSet low, int? first) = ClassAtom();
            if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                _at++;
                (CodePointSet high, int? last) = ClassAtom();
                if (last < first)
                    throw Error("a range of characters out of order", from);
                // A class at one end of a range: the dash is itself then (Annex B).
                set = set.Union(first is { } f && last is { } l
                    ? CodePointSet.Of((f, l)) : low.Union(high).Union(CodePointSet.Of('-')));
                continue;
            }
            set = set.Union(low);
        }
        return negated ? set.Complement() : set;
    }

    private (CodePointSet Set, int? Single) ClassAtom()
    {
        CodePointSet set = _pattern[_at] == '\\' ? Escape(inClass: true) : CodePointSet.Of(CodePoint());
        return (set, set.Ranges is [var (first, last)] && first == last ? first : null);
    }

    private CodePointSet Escape(bool inClass)
    {
        int start = _at++;
        if (AtEnd)
            throw Error("a \\ at the end", start);
        char letter = _pattern[_at++];
        switch (letter)
        {
            case 'd' or 'D':
                return Class(CharacterClasses.Digit, letter == 'D');
            case 'w' or 'W':
                return Class(CharacterClasses.Word, letter == 'W');
            case 's' or 'S':
                return Class(_space, letter == 'S');
            case 'p' or 'P':
                return Class(Property(start), letter == 'P');
            case 'n':
                return CodePointSet.Of('\n');
            case 'r':
                return CodePointSet.Of('\r');
            case 't':
                return CodePointSet.Of('\t');
            case 'v':
                return CodePointSet.Of('\v');
            case 'f':
                return CodePointSet.Of('\f');
            case 'b' when inClass:
                return CodePointSet.Of('\b');
            case 'b' or 'B':
                throw Error("word boundaries (\\b and \\B) are not supported", start);
            case '0' when AtEnd || !char.IsAsciiDigit(_pattern[_at]):
                return CodePointSet.Of(0);
            case >= '0' and <= '9' or 'k':
                throw Error("back-references are not supported: they are not regular", start);
            case 'c' when !AtEnd && char.IsAsciiLetter(_pattern[_at]):
                return CodePointSet.Of(_pattern[_at++] & 31);
            case 'x':
                return CodePointSet.Of(Hex(2, start));
            case 'u':
                return CodePointSet.Of(Unicode(start));
            case >= 'a' and <= 'z' or >= 'A' and <= 'Z':
                throw Error($"\\{letter} is not known", start);
            default:
                _at--;
                return CodePointSet.Of(CodePoint());
        }
    }

    private static CodePointSet Class(CodePointSet set, bool negated) => negated ? set.Complement() : set;

    private CodePointSet Property(int start)
    {
        int end = Take("{") ? _pattern.IndexOf('}', _at) : -1;
        if (end < 0)
            throw Error("\\p needs a property: \\p{Letter}", start);
        string name = _pattern[_at..end];
        _at = end + 1;
        return CharacterClasses.Property(name)
            ?? throw Error($"\\p{{{name}}} is not supported: general categories are, e.g. \\p{{L}}", start);
    }

    private int Unicode(int start)
    {
        if (Take("{"))
        {
            int end = _pattern.IndexOf('}', _at);
            if (end < 0 || !int.TryParse(_pattern.AsSpan(_at, end - _at), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out int value) || value is < 0 or > 0x10FFFF or (>= 0xD800 and <= 0xDFFF))
                throw Error("\\u{...} is no character", start);
            _at = end + 1;
            return value;
        }
        int unit = Hex(4, start);
        if (unit is >= 0xD800 and <= 0xDBFF && Take("\\u") && Hex(4, start) is >= 0xDC00 and <= 0xDFFF and var low)
            return char.ConvertToUtf32((char)unit, (char)low);
        return unit is >= 0xD800 and <= 0xDFFF ? throw Error("half a surrogate pair is no character", start) : unit;
    }

    private int Hex(int digits, int start)
    {
        if (_at + digits > _pattern.Length || !int.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out int value))
            throw Error($"an escape that needs {digits} hexadecimal digits", start);
        _at += digits;
        return value;
    }

    private int CodePoint()
    {
        char unit = _pattern[_at++];
        if (!char.IsSurrogate(unit))
            return unit;
        if (!char.IsHighSurrogate(unit) || AtEnd || !char.IsLowSurrogate(_pattern[_at]))
            throw Error("half a surrogate pair is no character", _at - 1);
        return char.ConvertToUtf32(unit, _pattern[_at++]);
    }
}
