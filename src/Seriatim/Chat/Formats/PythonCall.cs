using System.Buffers;
using System.Globalization;
using System.Text;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>A call in the syntax of Python, with arguments by name and literals as values.</summary>
/// <param name="Name">What is called.</param>
/// <param name="Arguments">The arguments as a JSON object.</param>
internal sealed record PythonCall(string Name, string Arguments)
{
    private const string Print = "print";

    /// <summary>What a name is made of; dots stand between its parts.</summary>
    public static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");

    /// <summary>
    /// Reads calls that follow one another, each perhaps inside <c>print(...)</c>; null: there is something else.
    /// </summary>
    /// <param name="source">The calls.</param>
    /// <param name="tools">The tools that were offered: their names and those of their arguments need not be names of Python.
    /// </param>
    public static List<PythonCall>? TryRead(string source, IReadOnlyList<ChatTool> tools)
    {
        var reader = new Reader(source, tools);
        var calls = new List<PythonCall>();
        reader.SkipSpace();
        while (!reader.IsOver)
        {
            if (reader.Statement() is not { } call)
                return null;
            calls.Add(call);
            reader.SkipSpace();
        }

        return calls;
    }

    private sealed class Reader(string source, IReadOnlyList<ChatTool> tools)
    {
        private const int MaxDepth = 64;

        private int _at, _depth;

        public bool IsOver => _at >= source.Length;

        private char Now => IsOver ? '\0' : source[_at];

        public void SkipSpace()
        {
            while (!IsOver && (char.IsWhiteSpace(Now) || Now == ';'))
                _at++;
        }

        public PythonCall? Statement()
        {
            string[] known = [.. tools.Select(tool => tool.Name)];
            string name = Name(known, '(');
            bool prints = name == Print && !known.Contains(Print) && Take('(');
            if (prints)
            {
                SkipSpace();
                name = Name(known, '(');
            }

            if (name.Length == 0 || Arguments(name) is not { } arguments)
                return null;
            SkipSpace();
            return prints && !Take(')') ? null : new PythonCall(name, arguments);
        }

        /// <summary>One of some names before a sign, else what Python calls a name.</summary>
        private string Name(IEnumerable<string> known, char sign)
        {
            if (known.Where(name => IsNext(name, sign)).MaxBy(name => name.Length) is { } exact)
            {
                _at += exact.Length;
                return exact;
            }

            int end = source.AsSpan(_at).IndexOfAnyExcept(NameCharacters);
            string name = end < 0 ? source[_at..] : source.Substring(_at, end);
            _at += name.Length;
            return name;
        }

        private bool IsNext(string name, char sign)
        {
            ReadOnlySpan<char> rest = source.AsSpan(_at);
            return name.Length > 0 && rest.StartsWith(name) && rest[name.Length..].TrimStart().StartsWith(sign);
        }

        private bool Take(char next)
        {
            if (Now != next)
                return false;
            _at++;
            return true;
        }

        private string? Arguments(string name)
        {
            string[] keys = tools.FirstOrDefault(tool => tool.Name == name) is { } tool
                ? SchemaPlace.Of(tool.Parameters).PropertyNames : [];
            return Take('(') && Items(')', '=', () => Name(keys, '=')) is { } items ? $"{{{items}}}" : null;
        }

        /// <summary>Values up to a closing bracket, each after a key if there is a sign between them.</summary>
        private string? Items(char close, char sign, Func<string?>? key)
        {
            var json = new StringBuilder();
            while (true)
            {
                SkipSpace();
                if (Take(close))
                    return $"{json}";
                if (json.Length > 0)
                    json.Append(", ");
                if (key is not null)
                {
                    if (key() is not { Length: > 0 } name)
                        return null;
                    SkipSpace();
                    if (!Take(sign))
                        return null;
                    json.Append(AnswerJson.Text(name)).Append(": ");
                    SkipSpace();
                }

                if (Value() is not { } value)
                    return null;
                json.Append(value);
                SkipSpace();
                if (!Take(',') && Now != close)
                    return null;
            }
        }

        private string? Value()
        {
            if (++_depth > MaxDepth)
                return null;
            string? json = Now switch
            {
                '"' or '\'' => Text() is { } text ? AnswerJson.Text(text) : null,
                '[' => Take('[') && Items(']', ' ', null) is { } items ? $"[{items}]" : null,
                '(' => Take('(') && Items(')', ' ', null) is { } items ? $"[{items}]" : null,
                '{' => Take('{') && Items('}', ':', Text) is { } items ? $"{{{items}}}" : null,
                _ => Word(),
            };
            _depth--;
            return json;
        }

        private string? Word()
        {
            int start = _at;
            while (!IsOver && (char.IsAsciiLetterOrDigit(Now) || Now is '_' or '.' or '+' or '-'))
                _at++;
            string word = source[start.._at];
            return word switch
            {
                "True" or "true" => "true",
                "False" or "false" => "false",
                "None" or "null" => "null",
                _ when word.Length > 0 && (char.IsAsciiDigit(word[^1]) || word[^1] == '.')
                    => Number(word),
                _ => null,
            };
        }

        /// <summary>As it stands there if JSON writes it so, too.</summary>
        private static string? Number(string word) => AnswerSink.TryParse($"{{\"n\": {word}}}", out _) ? word
            : double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : null;

        private string? Text()
        {
            if (Now is not ('"' or '\''))
                return null;
            string quote = $"{Now}";
            if (source.AsSpan(_at).StartsWith(quote + quote + quote))
                quote = quote + quote + quote;
            _at += quote.Length;
            var text = new StringBuilder();
            while (!IsOver)
            {
                if (source.AsSpan(_at).StartsWith(quote))
                {
                    _at += quote.Length;
                    return $"{text}";
                }

                if (Now != '\\')
                    text.Append(source[_at++]);
                else if (!Escape(text))
                    return null;
            }

            return null;
        }

        private bool Escape(StringBuilder text)
        {
            _at++;
            char kind = Now;
            _at++;
            int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                bool reads = _at + digits <= source.Length;
                if (!reads || !int.TryParse(source.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out int code))
                {
                    return false;
                }

                _at += digits;
                if (code is < 0 or > 0x10FFFF)
                    return false;
                text.Append(code > 0xFFFF ? char.ConvertFromUtf32(code) : (char)code);
                return true;
            }

            text.Append(kind switch
            {
                'n' => "\n",
                't' => "\t",
                'r' => "\r",
                'b' => "\b",
                'f' => "\f",
                'a' => "\a",
                'v' => "\v",
                '0' => "\0",
                '\n' => "",
                '\\' or '\'' or '"' => $"{kind}",
                _ => $"\\{kind}",
            });
            return true;
        }
    }
}
