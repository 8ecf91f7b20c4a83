namespace Seriatim.Tokenizers;

/// <summary>
/// Scanners written by hand for the regular expressions most tokenizers use, found by the text of the expression. Tests show
/// that they cut like the expressions.
/// </summary>
/// <remarks>
/// All of them have this shape, tried in order at every place:
/// contraction | optional lead, letters | digits | optional blank, other visible characters, line ends | white space with a line
/// end at its end | white space up to the last blank before a word | white space.
/// </remarks>
internal sealed class WordScanner : TextPattern
{
    private const byte Letter = CharClasses.Letter;
    private const byte Number = CharClasses.Number;
    private const byte Space = CharClasses.Space;
    private const byte NewLine = CharClasses.NewLine;

    private static readonly Dictionary<string, WordScanner> Known = new(StringComparer.Ordinal);

    private readonly Shape _shape;

    static WordScanner()
    {
        const string Contractions = "'s|'t|'re|'ve|'m|'ll|'d";
        const string AnyCase = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
        const string Spelled = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
        const string Tail = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
        const string Symbols = @"| ?[^\s\p{L}\p{N}]+[\r\n]*";
        const string Letters = @"|[^\r\n\p{L}\p{N}]?\p{L}+";
        const string Gpt2Body = @"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
        var gpt2 = new WordScanner(new Shape(true, false, true, 0, false));
        Gpt2 = gpt2;
        Known[Contractions + Gpt2Body + @"|\s+"] = gpt2;
        Known["'(?:[sdmt]|ll|ve|re)" + Gpt2Body + @"|\s+"] = gpt2;

        // Without the last alternative what it would match lies between matches, which an isolating split keeps as a piece.
        Known[Contractions + Gpt2Body] = gpt2;
        foreach ((string digits, int most) in new[] { (@"|\p{N}{1,3}", 3), (@"|\p{N}", 1), (@"|\p{N}+", int.MaxValue) })
        {
            var scanner = new WordScanner(new Shape(true, true, false, most, true, LongS: true));
            Known[AnyCase + Letters + digits + Symbols + Tail] = scanner;
            Known[Spelled + Letters + digits + Symbols + Tail] = new WordScanner(new Shape(true, true, false, most, true));
            Known["(?i:'s|'t|'re|'ve|'m|'ll|'d)" + @"|[^\r\n\p{L}\p{N}]?+\p{L}+" + digits + @"| ?[^\s\p{L}\p{N}]++[\r\n]*" + Tail]
                = scanner;
            Known[Letters[1..] + digits + Symbols + Tail] = new WordScanner(new Shape(false, true, false, most, true));
        }
    }

    private WordScanner(Shape shape) => _shape = shape;

    /// <summary>What differs between the expressions.</summary>
    /// <param name="Contractions">There are contractions.</param>
    /// <param name="AnyCase">They match in any case.</param>
    /// <param name="BlankLead">Letters and digits may follow a blank (GPT-2) rather than letters any one other character.</param>
    /// <param name="MostDigits">Longest run of digits; 0 for any length after an optional blank.</param>
    /// <param name="Lines">Line ends end symbols and white space.</param>
    /// <param name="LongS">Without regard to case a long s is an s, as Oniguruma has it.</param>
    private readonly record struct Shape(bool Contractions, bool AnyCase, bool BlankLead, int MostDigits, bool Lines,
        bool LongS = false);

    /// <summary>The scanner for GPT-2's expression.</summary>
    public static WordScanner Gpt2 { get; }

    /// <summary>All expressions that have a scanner.</summary>
    public static IEnumerable<string> Patterns => Known.Keys;

    /// <summary>The scanner for an expression, or null.</summary>
    public static WordScanner? For(string pattern) => Known.GetValueOrDefault(pattern);

    /// <inheritdoc/>
    public override void FindAll(ReadOnlySpan<char> text, PieceList matches)
    {
        int at = 0;
        while (at < text.Length)
        {
            int end = Next(text, at);
            matches.Add(at, end);
            at = end;
        }
    }

    private int Next(ReadOnlySpan<char> text, int at)
    {
        char c = text[at];
        if (c == '\'' && _shape.Contractions)
        {
            int length = Contraction(text[at..]);
            if (length > 0)
            {
                return at + length;
            }
        }

        byte first = CharClasses.At(text, at, out int firstLength);
        if ((first & Letter) != 0)
        {
            return Run(text, at + firstLength, Letter);
        }

        if ((first & Number) != 0)
        {
            return _shape.MostDigits == 0 ? Run(text, at + firstLength, Number) : Digits(text, at + firstLength);
        }

        int second = at + firstLength;
        byte next = second < text.Length ? CharClasses.At(text, second, out _) : (byte)0;
        bool leads = _shape.BlankLead ? c == ' ' : (first & NewLine) == 0;
        if (leads && second < text.Length)
        {
            if ((next & Letter) != 0)
            {
                return Run(text, second, Letter);
            }

            if (_shape.MostDigits == 0 && (next & Number) != 0)
            {
                return Run(text, second, Number);
            }
        }

        bool symbolFollows = c == ' ' && second < text.Length && (next & (Letter | Number | Space)) == 0;
        if ((first & Space) == 0 || symbolFollows)
        {
            int end = Symbols(text, second);
            while (_shape.Lines && end < text.Length && text[end] is '\r' or '\n')
            {
                end++;
            }

            return end;
        }

        return WhiteSpace(text, at);
    }

    private int Contraction(ReadOnlySpan<char> text)
    {
        if (text.Length < 2)
        {
            return 0;
        }

        char a = Fold(text[1]);
        if (a is 's' or 't' or 'm' or 'd')
        {
            return 2;
        }

        char b = text.Length > 2 ? Fold(text[2]) : '\0';
        return (a, b) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private char Fold(char c) => _shape.AnyCase && char.IsAsciiLetterUpper(c) ? (char)(c | 0x20)
        : _shape.LongS && c == '\u017F' ? 's' : c;

    private static int Run(ReadOnlySpan<char> text, int at, byte classes)
    {
        while (at < text.Length && (CharClasses.At(text, at, out int length) & classes) != 0)
        {
            at += length;
        }

        return at;
    }

    private int Digits(ReadOnlySpan<char> text, int at)
    {
        for (int count = 1; count < _shape.MostDigits && at < text.Length; count++)
        {
            if ((CharClasses.At(text, at, out int length) & Number) == 0)
            {
                break;
            }

            at += length;
        }

        return at;
    }

    private static int Symbols(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && (CharClasses.At(text, at, out int length) & (Letter | Number | Space)) == 0)
        {
            at += length;
        }

        return at;
    }

    private int WhiteSpace(ReadOnlySpan<char> text, int at)
    {
        int end = at;
        int lastLine = -1;
        while (end < text.Length && (CharClasses.Of(text[end]) & Space) != 0)
        {
            if ((CharClasses.Of(text[end]) & NewLine) != 0)
            {
                lastLine = end;
            }

            end++;
        }

        if (_shape.Lines && lastLine >= 0)
        {
            return lastLine + 1;
        }

        // \s+(?!\S): at a word the last white space is left for it, unless it is the only one.
        return end == text.Length || end - at == 1 ? end : end - 1;
    }
}
