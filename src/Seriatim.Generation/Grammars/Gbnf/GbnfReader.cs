using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Seriatim.Generation;

/// <summary>
/// Reads grammars of llama.cpp (GBNF): rules <c>name ::= alternatives</c> over code points, with literals, classes, groups and
/// repeats. The start is <c>root</c>.
/// </summary>
/// <param name="source">The rules.</param>
internal sealed class GbnfReader(string source)
{
    /// <summary>Most of one repeat, so that a slip of the pen is told from a wish.</summary>
    private const int MostRepeats = 1_000_000;

    private const int DeepestGroup = 200;

    private readonly GrammarRules _rules = new();
    private readonly Dictionary<string, GrammarNode.Rule> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private int _at;
    private int _groups;

    /// <exception cref="GrammarException">It cannot be read.</exception>
    public GrammarRules Read()
    {
        RuleOf("root");
        for (SkipLines(); _at < source.Length; SkipLines())
            ReadRule();
        if (!_places.ContainsKey("root"))
            throw Error(source.Length, "there is no rule 'root', where a text begins; write root ::= ...");
        foreach ((string name, int use) in _uses.OrderBy(one => one.Value))
        {
            if (!_places.ContainsKey(name))
                throw Error(use, $"there is no rule '{name}'; write {name} ::= ..., or \"{name}\" for the text itself");
        }

        return _rules;
    }

    /// <summary>Where a rule is written, for errors about it.</summary>
    public string PlaceOf(string rule) => PlaceOf(_places[rule]);

    private static bool IsName(char one) => char.IsAsciiLetterOrDigit(one) || one is '-' or '_';

    private static bool IsBlank(char one) => one is ' ' or '\t';

    private void ReadRule()
    {
        int start = _at;
        string name = ReadName() ?? throw Error(_at, $"'{Here}' stands where the name of a rule is needed");
        SkipBlanks();
        if (!source.AsSpan(_at).StartsWith("::="))
            throw Error(_at, $"'{Here}' stands where ::= is needed after the name '{name}'");
        if (!_places.TryAdd(name, start))
            throw Error(start, $"the rule '{name}' is given twice, first at {PlaceOf(name)}; join them with |");
        _at += 3;
        SkipLines();
        GrammarNode body = ReadAlternatives();
        if (_at < source.Length && source[_at] is not ('\n' or '\r'))
            throw Error(_at, $"'{Here}' stands where an element, | or the end of the line is needed");
        _rules.Define(RuleOf(name), body);
    }

    private GrammarNode ReadAlternatives()
    {
        var alternatives = ImmutableArray.CreateBuilder<GrammarNode>();
        while (true)
        {
            alternatives.Add(ReadSequence());
            if (_at == source.Length || source[_at] != '|')
                break;
            _at++;
            SkipLines();
        }

        return alternatives.Count == 1 ? alternatives[0] : new GrammarNode.Choice(alternatives.DrainToImmutable());
    }

    private GrammarNode ReadSequence()
    {
        var parts = ImmutableArray.CreateBuilder<GrammarNode>();
        for (Skip(); ReadElement() is { } element; Skip())
        {
            SkipBlanks();
            parts.Add(ReadRepeat(element));
        }

        return parts.Count == 1 ? parts[0] : new GrammarNode.Sequence(parts.DrainToImmutable());
    }

    private GrammarNode? ReadElement()
    {
        if (_at == source.Length)
            return null;
        switch (source[_at])
        {
            case '"':
                return ReadLiteral();
            case '[':
                return ReadClass();
            case '.':
                _at++;
                return new GrammarNode.Regular(Language.Characters(CodePointSet.All));
            case '(':
                return ReadGroup();
            default:
                int start = _at;
                if (ReadName() is not { } name)
                    return null;
                int end = _at;
                SkipBlanks();
                if (source.AsSpan(_at).StartsWith("::="))
                    throw Error(start, $"the rule '{name}' begins within another; close its parenthesis, or begin a new line");
                _at = end;
                _uses.TryAdd(name, start);
                return RuleOf(name);
        }
    }

    private GrammarNode ReadGroup()
    {
        int open = _at++;
        if (++_groups > DeepestGroup)
            throw Error(open, $"parentheses are nested deeper than {DeepestGroup} levels; name parts as rules of their own");
        SkipLines();
        GrammarNode body = ReadAlternatives();
        SkipLines();
        if (_at == source.Length)
            throw Error(open, "the parenthesis is not closed; write )");
        if (source[_at] != ')')
            throw Error(_at, $"'{Here}' stands where an element, | or ) is needed; the parenthesis is that at {PlaceOf(open)}");
        _at++;
        _groups--;
        return body;
    }

    private GrammarNode ReadRepeat(GrammarNode element)
    {
        while (_at < source.Length)
        {
            (int Min, int? Max) times;
            switch (source[_at])
            {
                case '*':
                    (_at, times) = (_at + 1, (0, null));
                    break;
                case '+':
                    (_at, times) = (_at + 1, (1, null));
                    break;
                case '?':
                    (_at, times) = (_at + 1, (0, 1));
                    break;
                case '{':
                    times = ReadTimes();
                    break;
                default:
                    return element;
            }

            element = new GrammarNode.Repeat(element, times.Min, times.Max);
            SkipBlanks();
        }

        return element;
    }

    /// <summary><c>{m}</c>, <c>{m,}</c>, <c>{m,n}</c> or <c>{,n}</c>.</summary>
    private (int Min, int? Max) ReadTimes()
    {
        int open = _at++;
        int? min = ReadNumber();
        int? max = min;
        if (_at < source.Length && source[_at] == ',')
        {
            _at++;
            max = ReadNumber();
            if (min is null && max is null)
                throw Error(open, "a repeat needs a number; write {2}, {2,}, {,3} or {2,3}");
        }
        else if (min is null)
        {
            throw Error(open, "a repeat needs a number; write {2}, {2,}, {,3} or {2,3}");
        }

        if (_at == source.Length || source[_at] != '}')
            throw Error(_at, $"'{Here}' stands where }} is needed; write {{2}}, {{2,}}, {{,3}} or {{2,3}}");
        _at++;
        return max < (min ?? 0)
            ? throw Error(open, $"a repeat of at least {min} and at most {max} times cannot be; write the smaller number first")
            : (min ?? 0, max);
    }

    private int? ReadNumber()
    {
        SkipBlanks();
        int start = _at;
        while (_at < source.Length && char.IsAsciiDigit(source[_at]))
            _at++;
        ReadOnlySpan<char> digits = source.AsSpan(start, _at - start);
        SkipBlanks();
        if (digits.IsEmpty)
            return null;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= MostRepeats
            ? number
            : throw Error(start, $"{digits} times is more than the {MostRepeats} that are allowed; {{2,}} has no limit");
    }

    private GrammarNode.Literal ReadLiteral()
    {
        int open = _at++;
        var text = new StringBuilder();
        while (true)
        {
            if (_at == source.Length || source[_at] is '\n' or '\r')
                throw Error(open, "the text is not closed on its line; write \", and \\n for a line end");
            if (source[_at] == '"')
                break;
            text.Append(char.ConvertFromUtf32(ReadCharacter()));
        }

        _at++;
        return new GrammarNode.Literal(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private GrammarNode ReadClass()
    {
        int open = _at++;
        bool negated = _at < source.Length && source[_at] == '^';
        if (negated)
            _at++;
        var ranges = new List<(int First, int Last)>();
        while (true)
        {
            if (_at == source.Length || source[_at] is '\n' or '\r')
                throw Error(open, "the class is not closed on its line; write ], and \\] for the character");
            if (source[_at] == ']')
                break;
            int start = _at;
            int first = ReadCharacter();
            int last = first;
            if (_at + 1 < source.Length && source[_at] == '-' && source[_at + 1] != ']')
            {
                _at++;
                if (source[_at] is '\n' or '\r')
                    continue;
                last = ReadCharacter();
            }

            if (last < first)
                throw Error(start, $"the range from U+{first:X4} to U+{last:X4} goes backwards; write the smaller one first");
            ranges.Add((first, last));
        }

        _at++;
        if (ranges.Count == 0 && !negated)
            throw Error(open, "the class is empty, so nothing belongs to it; write what may come, or leave it out");
        CodePointSet set = CodePointSet.Of(ranges);
        return new GrammarNode.Regular(Language.Characters(negated ? set.Complement() : set));
    }

    /// <summary>One code point, perhaps written as an escape.</summary>
    private int ReadCharacter()
    {
        int start = _at;
        if (source[_at] != '\\')
        {
            if (Rune.DecodeFromUtf16(source.AsSpan(_at), out Rune rune, out int length) != System.Buffers.OperationStatus.Done)
                throw Error(_at, $"U+{(int)source[_at]:X4} is half of a surrogate pair and no character");
            _at += length;
            return rune.Value;
        }

        if (++_at == source.Length)
            throw Error(start, "an escape needs a character after \\");
        char kind = source[_at++];
        switch (kind)
        {
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case '\\' or '"' or '[' or ']':
                return kind;
            case 'x':
                return ReadHex(start, 2);
            case 'u':
                return ReadHex(start, 4);
            case 'U':
                return ReadHex(start, 8);
            default:
                throw Error(start, $"\\{kind} is no escape; there are \\n \\r \\t \\\\ \\\" \\[ \\] \\xHH \\uHHHH \\UHHHHHHHH");
        }
    }

    private int ReadHex(int start, int digits)
    {
        ReadOnlySpan<char> text = source.AsSpan(_at, Math.Min(digits, source.Length - _at));
        if (!uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
            || text.Length < digits)
            throw Error(start, $"{digits} hexadecimal digits are needed after \\{source[_at - 1]}");
        if (!Rune.IsValid(value))
            throw Error(start, $"U+{value:X4} is no character: U+0000 to U+D7FF and U+E000 to U+10FFFF are");
        _at += digits;
        return (int)value;
    }

    private GrammarNode.Rule RuleOf(string name)
    {
        if (!_names.TryGetValue(name, out GrammarNode.Rule? rule))
            _names.Add(name, rule = _rules.Declare(name));
        return rule;
    }

    private string? ReadName()
    {
        int start = _at;
        while (_at < source.Length && IsName(source[_at]))
            _at++;
        return _at == start ? null : source[start.._at];
    }

    /// <summary>A line end goes on with the rule only within parentheses.</summary>
    private void Skip()
    {
        if (_groups > 0)
            SkipLines();
        else
            SkipBlanks();
    }

    private void SkipLines()
    {
        while (true)
        {
            SkipBlanks();
            if (_at == source.Length || source[_at] is not ('\n' or '\r'))
                return;
            _at++;
        }
    }

    /// <summary>Blanks, and a comment up to the end of its line.</summary>
    private void SkipBlanks()
    {
        while (_at < source.Length && IsBlank(source[_at]))
            _at++;
        if (_at == source.Length || source[_at] != '#')
            return;
        while (_at < source.Length && source[_at] is not ('\n' or '\r'))
            _at++;
    }

    private string Here => _at == source.Length ? "the end" : source[_at] is '\n' or '\r' ? "the end of the line"
        : source.Substring(_at, char.IsHighSurrogate(source[_at]) && _at + 1 < source.Length ? 2 : 1);

    private GrammarException Error(int at, string problem) => new("GBNF", PlaceOf(at), problem);

    private string PlaceOf(int at)
    {
        ReadOnlySpan<char> before = source.AsSpan(0, at);
        int line = before.Count('\n') + 1;
        return $"line {line}, column {at - (before.LastIndexOf('\n') + 1) + 1}";
    }
}
