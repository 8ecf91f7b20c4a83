using System.Text.RegularExpressions;

namespace Seriatim.Tokenizers;

/// <summary>
/// Cuts a template into tokens, with the settings chat templates are written for: the line end after a block is dropped
/// (trim_blocks), so are blanks before a block on its line (lstrip_blocks) and one line end at the end.
/// </summary>
internal sealed partial class TemplateLexer
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
            if (_source[i] == '{' && (_source[i + 1] is '{' or '%' or '#'))
                return i;
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

        while (_trimStart && start < end && TemplateText.IsSpace(_source[start]))
        {
            start++;
        }

        int stop = end;
        if (end + 2 < _source.Length && _source[end + 2] == '-')
        {
            while (stop > start && TemplateText.IsSpace(_source[stop - 1]))
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
        while (at > start && _source[at - 1] != '\n' && TemplateText.IsSpace(_source[at - 1]))
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
        _dropLineEnd = !(close > tag + 2 && _source[close - 1] == '+');
        Advance(close + 2 - _at);
    }

    /// <summary><c>{% raw %} ... {% endraw %}</c>: everything between is text.</summary>
    private bool SkipRaw()
    {
        int at = _at;
        if (!TryWord(ref at, "raw") || !TryClose(ref at, out char closes) || closes == '+')
            return false;
        while (closes == '-' && at < _source.Length && TemplateText.IsSpace(_source[at]))
            at++;
        for (int open = _source.IndexOf("{%", at, StringComparison.Ordinal); open >= 0;
            open = _source.IndexOf("{%", open + 2, StringComparison.Ordinal))
        {
            int after = open + 2;
            char opens = after < _source.Length && _source[after] is '-' or '+' ? _source[after++] : ' ';
            if (!TryWord(ref after, "endraw") || !TryClose(ref after, out char ends))
                continue;
            int stop = open;
            while (opens == '-' && stop > at && TemplateText.IsSpace(_source[stop - 1]))
                stop--;
            _tokens.RemoveAt(_tokens.Count - 1);
            Add(TemplateTokenKind.Data, _source[at..(opens == ' ' ? WithoutIndent(at, stop) : stop)]);
            Advance(after - _at);
            (_trimStart, _dropLineEnd) = (ends == '-', ends != '+');
            return true;
        }

        throw new ChatTemplateException("raw is not closed by endraw", _line);
    }

    private bool TryWord(ref int at, string word)
    {
        while (at < _source.Length && TemplateText.IsSpace(_source[at]))
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

    private bool TryClose(ref int at, out char sign)
    {
        while (at < _source.Length && TemplateText.IsSpace(_source[at]))
            at++;
        sign = at < _source.Length && _source[at] is '-' or '+' ? _source[at++] : ' ';
        if (string.CompareOrdinal(_source, at, "%}", 0, 2) != 0)
            return false;
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
            if (TemplateText.IsSpace(c))
            {
                Advance(1);
                continue;
            }

            bool trims = (c == '-' || (c == '+' && block)) && string.CompareOrdinal(_source, _at + 1, close, 0, 2) == 0;
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
        Match match = FloatForm().Match(_source, _at);
        TemplateTokenKind kind = match.Success && (_at == 0 || _source[_at - 1] != '.')
            ? TemplateTokenKind.Float
            : TemplateTokenKind.Integer;
        match = kind == TemplateTokenKind.Float ? match : IntegerForm().Match(_source, _at);
        int end = _at + match.Length;
        if (end < _source.Length && (char.IsLetterOrDigit(_source[end]) || _source[end] == '_'))
            throw new ChatTemplateException($"{_source[_at..(end + 1)]} is not a number", _line);
        Take(kind, match.Length);
    }

    private void Text(char quote)
    {
        int end = _at + 1;
        while (end < _source.Length && _source[end] != quote)
            end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length)
            throw new ChatTemplateException("a string is not closed", _line);
        Add(TemplateTokenKind.String, TemplateStringLiteral.Unescape(_source[(_at + 1)..end], _line));
        Advance(end + 1 - _at);
    }

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

    [GeneratedRegex(@"\G([0-9]+_)*[0-9]+((\.([0-9]+_)*[0-9]+)?[eE][+-]?([0-9]+_)*[0-9]+|\.([0-9]+_)*[0-9]+)")]
    private static partial Regex FloatForm();

    [GeneratedRegex(@"\G(0[bB](_?[01])+|0[oO](_?[0-7])+|0[xX](_?[0-9a-fA-F])+|[1-9](_?[0-9])*|0(_?0)*)")]
    private static partial Regex IntegerForm();
}
