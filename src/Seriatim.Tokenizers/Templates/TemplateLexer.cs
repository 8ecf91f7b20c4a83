using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>What a token of a template is.</summary>
internal enum TemplateTokenKind
{
    /// <summary>Text outside tags.</summary>
    Data,

    /// <summary><c>{{</c>.</summary>
    PrintBegin,

    /// <summary><c>}}</c>.</summary>
    PrintEnd,

    /// <summary><c>{%</c>.</summary>
    BlockBegin,

    /// <summary><c>%}</c>.</summary>
    BlockEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A string, unescaped.</summary>
    String,

    /// <summary>An integer.</summary>
    Integer,

    /// <summary>A number with a fraction or exponent.</summary>
    Float,

    /// <summary>An operator or bracket.</summary>
    Operator,

    /// <summary>The end.</summary>
    End,
}

/// <summary>A token of a template.</summary>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Text, int Line);

/// <summary>
/// Cuts a template into tokens, with the settings chat templates are written for: the line end after a block is dropped
/// (trim_blocks), so are blanks before a block on its line (lstrip_blocks) and one line end at the end.
/// </summary>
internal sealed class TemplateLexer
{
    private static readonly string[] Operators =
    [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",",
            ".", ":", "|",
    ];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private bool _trimStart;
    private bool _dropLineEnd;

    private TemplateLexer(string source) => _source = source;

    /// <summary>Cuts a template.</summary>
    public static List<TemplateToken> Cut(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new TemplateLexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_at < _source.Length)
        {
            int tag = FindTag();
            AddData(tag);
            if (tag >= _source.Length)
            {
                break;
            }

            if (_source[tag + 1] == '#')
            {
                SkipComment(tag);
                continue;
            }

            bool block = _source[tag + 1] == '%';
            Add(block ? TemplateTokenKind.BlockBegin : TemplateTokenKind.PrintBegin, "{" + _source[tag + 1]);
            Advance(tag + 2 - _at);
            if (_at < _source.Length && _source[_at] is '-' or '+')
            {
                _at++;
            }

            if (block && SkipRaw())
            {
                continue;
            }

            Tag(block);
        }

        Add(TemplateTokenKind.End, "end of template");
    }

    private int FindTag()
    {
        for (int i = _at; i + 1 < _source.Length; i++)
        {
            if (_source[i] == '{' && _source[i + 1] is '{' or '%' or '#' && _source[i] == '{')
            {
                return i;
            }
        }

        return _source.Length;
    }

    private void AddData(int end)
    {
        int start = _at;
        if (_dropLineEnd && start < end && _source[start] == '\n')
        {
            start++;
        }

        while (_trimStart && start < end && char.IsWhiteSpace(_source[start]))
        {
            start++;
        }

        int stop = end;
        if (end + 2 < _source.Length && _source[end + 2] == '-')
        {
            while (stop > start && char.IsWhiteSpace(_source[stop - 1]))
            {
                stop--;
            }
        }
        else if (end + 1 < _source.Length && _source[end + 1] != '{' && !(end + 2 < _source.Length && _source[end + 2] == '+'))
        {
            stop = WithoutIndent(start, end);
        }

        if (stop > start)
        {
            Add(TemplateTokenKind.Data, _source[start..stop]);
        }

        Advance(end - _at);
        _trimStart = _dropLineEnd = false;
    }

    /// <summary>lstrip_blocks: blanks from the start of the line to the tag go.</summary>
    private int WithoutIndent(int start, int end)
    {
        int at = end;
        while (at > start && _source[at - 1] is ' ' or '\t')
        {
            at--;
        }

        bool lineStart = at == 0 || _source[at - 1] == '\n';
        return lineStart ? at : end;
    }

    private void SkipComment(int tag)
    {
        int close = _source.IndexOf("#}", tag + 2, StringComparison.Ordinal);
        if (close < 0)
        {
            throw new ChatTemplateException("a comment is not closed", _line);
        }

        _trimStart = close > tag + 2 && _source[close - 1] == '-';
        _dropLineEnd = true;
        Advance(close + 2 - _at);
    }

    /// <summary><c>{% raw %} ... {% endraw %}</c>: everything between is text.</summary>
    private bool SkipRaw()
    {
        int at = _at;
        if (!TryWord(ref at, "raw") || !TryClose(ref at, out bool trimStart))
        {
            return false;
        }

        for (int open = _source.IndexOf("{%", at, StringComparison.Ordinal); open >= 0;
            open = _source.IndexOf("{%", open + 2, StringComparison.Ordinal))
        {
            int after = open + 2;
            bool trimEnd = after < _source.Length && _source[after] == '-';
            after += trimEnd ? 1 : 0;
            if (TryWord(ref after, "endraw") && TryClose(ref after, out bool trimNext))
            {
                string text = _source[at..open];
                text = trimStart ? text.TrimStart() : text;
                _tokens.RemoveAt(_tokens.Count - 1);
                Add(TemplateTokenKind.Data, trimEnd ? text.TrimEnd() : text);
                Advance(after - _at);
                (_trimStart, _dropLineEnd) = (trimNext, true);
                return true;
            }
        }

        throw new ChatTemplateException("raw is not closed by endraw", _line);
    }

    private bool TryWord(ref int at, string word)
    {
        while (at < _source.Length && char.IsWhiteSpace(_source[at]))
        {
            at++;
        }

        if (string.CompareOrdinal(_source, at, word, 0, word.Length) != 0)
        {
            return false;
        }

        at += word.Length;
        return true;
    }

    private bool TryClose(ref int at, out bool trim)
    {
        while (at < _source.Length && char.IsWhiteSpace(_source[at]))
        {
            at++;
        }

        trim = at < _source.Length && _source[at] == '-';
        at += trim ? 1 : 0;
        if (string.CompareOrdinal(_source, at, "%}", 0, 2) != 0)
        {
            return false;
        }

        at += 2;
        return true;
    }

    private void Tag(bool block)
    {
        string close = block ? "%}" : "}}";
        int braces = 0;
        while (_at < _source.Length)
        {
            char c = _source[_at];
            if (char.IsWhiteSpace(c))
            {
                Advance(1);
                continue;
            }

            bool trims = c is '-' or '+' && string.CompareOrdinal(_source, _at + 1, close, 0, 2) == 0;
            if (trims || (braces == 0 && string.CompareOrdinal(_source, _at, close, 0, 2) == 0))
            {
                Add(block ? TemplateTokenKind.BlockEnd : TemplateTokenKind.PrintEnd, close);
                Advance(trims ? 3 : 2);
                _trimStart = trims && c == '-';
                _dropLineEnd = block && !(trims && c == '+');
                return;
            }

            braces += c == '{' ? 1 : c == '}' ? -1 : 0;
            Token(c);
        }

        throw new ChatTemplateException($"a tag is not closed by {close}", _line);
    }

    private void Token(char c)
    {
        if (char.IsLetter(c) || c == '_')
        {
            int end = _at;
            while (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
            {
                end++;
            }

            Take(TemplateTokenKind.Name, end - _at);
        }
        else if (char.IsAsciiDigit(c))
        {
            Number();
        }
        else if (c is '"' or '\'')
        {
            Text(c);
        }
        else
        {
            string op = Operators.FirstOrDefault(op => string.CompareOrdinal(_source, _at, op, 0, op.Length) == 0)
                ?? throw new ChatTemplateException($"the character '{c}' is not expected here", _line);
            Take(TemplateTokenKind.Operator, op.Length);
        }
    }

    private void Number()
    {
        int end = _at;
        while (end < _source.Length && (char.IsAsciiDigit(_source[end]) || _source[end] == '_'))
        {
            end++;
        }

        bool fraction = end + 1 < _source.Length && _source[end] == '.' && char.IsAsciiDigit(_source[end + 1]);
        if (fraction)
        {
            end++;
            while (end < _source.Length && char.IsAsciiDigit(_source[end]))
            {
                end++;
            }
        }

        Take(fraction ? TemplateTokenKind.Float : TemplateTokenKind.Integer, end - _at);
    }

    private void Text(char quote)
    {
        var text = new StringBuilder();
        int i = _at + 1;
        for (; i < _source.Length && _source[i] != quote; i++)
        {
            if (_source[i] != '\\' || i + 1 >= _source.Length)
            {
                text.Append(_source[i]);
                continue;
            }

            char c = _source[++i];
            switch (c)
            {
                case 'n': text.Append('\n'); break;
                case 't': text.Append('\t'); break;
                case 'r': text.Append('\r'); break;
                case '\n': break;
                case '\\' or '\'' or '"': text.Append(c); break;
                case 'u' or 'x' when Hex(i + 1, c == 'u' ? 4 : 2) is { } value:
                    text.Append((char)value);
                    i += c == 'u' ? 4 : 2;
                    break;
                default: text.Append('\\').Append(c); break;
            }
        }

        if (i >= _source.Length)
        {
            throw new ChatTemplateException("a string is not closed", _line);
        }

        Add(TemplateTokenKind.String, text.ToString());
        Advance(i + 1 - _at);
    }

    private int? Hex(int at, int digits) => at + digits <= _source.Length
        && int.TryParse(_source.AsSpan(at, digits), System.Globalization.NumberStyles.AllowHexSpecifier, null, out int value)
            ? value : null;

    private void Take(TemplateTokenKind kind, int length)
    {
        Add(kind, _source.Substring(_at, length));
        _at += length;
    }

    private void Add(TemplateTokenKind kind, string text) => _tokens.Add(new TemplateToken(kind, text, _line));

    private void Advance(int count)
    {
        _line += _source.AsSpan(_at, count).Count('\n');
        _at += count;
    }
}
