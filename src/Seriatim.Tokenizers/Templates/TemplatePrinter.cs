using System.Globalization;
using System.Numerics;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Writes values as Python's <c>str</c> and <c>repr</c> do. Values may share parts, so that a small value can be endless on
/// paper: each node is a step of the budget, and the text is never longer than it may be.
/// </summary>
internal sealed class TemplatePrinter
{
    private readonly TemplateBudget _budget;
    private readonly int _line;
    private readonly bool _ascii;
    private readonly StringBuilder _text = new();

    private TemplatePrinter(TemplateBudget budget, int line, bool ascii) => (_budget, _line, _ascii) = (budget, line, ascii);

    /// <summary>What printing a value gives.</summary>
    public static string Print(object? value, TemplateBudget budget, int line) => value switch
    {
        string text => text,
        TemplateMarkup markup => markup.Text,
        Undefined => "",
        _ => Repr(value, budget, line),
    };

    /// <summary>The value as Python writes it inside containers; with <paramref name="ascii"/> all else is escaped.</summary>
    public static string Repr(object? value, TemplateBudget budget, int line, bool ascii = false)
    {
        var printer = new TemplatePrinter(budget, line, ascii);
        printer.Write(value, 0);
        budget.Make(printer._text.Length, line);
        return printer._text.ToString();
    }

    private void Write(object? value, int depth)
    {
        _budget.Step(_line);
        if (depth > TemplateBudget.MaxDepth)
            throw TemplateBudget.TooDeep(_line);
        if (_text.Length > TemplateBudget.MaxLength)
            throw TemplateBudget.TooLong(_line);
        switch (value)
        {
            case string text:
                Quote(text);
                break;
            case List<object?> list:
                WriteItems("[", list, "]", depth);
                break;
            case TemplateTuple tuple:
                WriteItems("(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")", depth);
                break;
            case TemplateMap map:
                WriteMap(map, depth);
                break;
            case TemplateView view:
                _text.Append(view.Kind);
                WriteItems("([", view.Items, "])", depth);
                break;
            case TemplateNamespace members:
                _text.Append("<Namespace ");
                WriteMap(members.Members, depth);
                _text.Append('>');
                break;
            default:
                _text.Append(Simple(value));
                break;
        }
    }

    private string Simple(object? value) => value switch
    {
        null => "None",
        bool flag => flag ? "True" : "False",
        long integer => integer.ToString(CultureInfo.InvariantCulture),
        BigInteger large => large.ToString(CultureInfo.InvariantCulture),
        double number => TemplateNumber.Repr(number),
        Undefined => "Undefined",
        TemplateBytes bytes => bytes.Print(),
        TemplateRange { Step: 1 } range => string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop})"),
        TemplateRange range => string.Create(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}, {range.Step})"),
        TemplateObject other => other.Print(),
        _ => throw new ChatTemplateException($"{TemplateValue.TypeOf(value)} cannot be printed", _line),
    };

    private void WriteItems(string open, IReadOnlyList<object?> items, string close, int depth)
    {
        _text.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _text.Append(", ");
            Write(items[i], depth + 1);
        }

        _text.Append(close);
    }

    private void WriteMap(TemplateMap map, int depth)
    {
        string separator = "{";
        foreach ((object? key, object? item) in map.Items)
        {
            _text.Append(separator);
            Write(key, depth + 1);
            _text.Append(": ");
            Write(item, depth + 1);
            separator = ", ";
        }

        _text.Append(map.Count == 0 ? "{}" : "}");
    }

    private void Quote(string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        _budget.Scan(text.Length, _line);
        _text.Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == quote || c == '\\')
                _text.Append('\\').Append(c);
            else if (c is '\n' or '\r' or '\t')
                _text.Append(c switch { '\n' => "\\n", '\r' => "\\r", _ => "\\t" });
            else if (char.IsAscii(c) && !char.IsControl(c))
                _text.Append(c);
            else
                i += QuoteRest(text, i);
        }

        _text.Append(quote);
    }

    /// <summary>A character outside ASCII, or one that cannot be seen. Gives the chars beyond the first.</summary>
    private int QuoteRest(string text, int at)
    {
        bool whole = Rune.TryGetRuneAt(text, at, out Rune rune);
        int value = whole ? rune.Value : text[at];
        int length = whole ? rune.Utf16SequenceLength : 1;
        if (whole && !_ascii && TemplateText.IsPrintable(rune))
            _text.Append(text, at, length);
        else
            _text.Append(value > 0xFFFF ? "\\U" : value > 0xFF ? "\\u" : "\\x")
                .Append(value.ToString(value > 0xFFFF ? "x8" : value > 0xFF ? "x4" : "x2", CultureInfo.InvariantCulture));
        return length - 1;
    }
}
