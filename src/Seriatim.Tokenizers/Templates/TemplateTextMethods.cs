using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>The methods of strings.</summary>
internal static class TemplateTextMethods
{
    /// <summary>The rows of the table.</summary>
    public static readonly TemplateTable Rows = new(
        new("strip", "chars? /", call => TemplateText.Strip(Text(call), call.TextOr(0, null), true, true)),
        new("lstrip", "chars? /", call => TemplateText.Strip(Text(call), call.TextOr(0, null), true, false)),
        new("rstrip", "chars? /", call => TemplateText.Strip(Text(call), call.TextOr(0, null), false, true)),
        new("upper", "", call => TemplateCasing.ToUpper(Text(call))),
        new("lower", "", call => TemplateCasing.ToLower(Text(call))),
        new("title", "", call => TemplateCasing.ToTitle(Text(call))),
        new("capitalize", "", call => TemplateCasing.Capitalize(Text(call))),
        new("swapcase", "", call => TemplateCasing.Swap(Text(call))),
        new("startswith", "prefix start? end? /",
            call => IsAtEdge(call, (text, part) => text.StartsWith(part, StringComparison.Ordinal))),
        new("endswith", "suffix start? end? /",
            call => IsAtEdge(call, (text, part) => text.EndsWith(part, StringComparison.Ordinal))),
        new("removeprefix", "prefix /", call => Text(call).StartsWith(call.Text(0), StringComparison.Ordinal)
            ? Text(call)[call.Text(0).Length..]
            : Text(call)),
        new("removesuffix", "suffix /", call => Text(call).EndsWith(call.Text(0), StringComparison.Ordinal)
            ? Text(call)[..^call.Text(0).Length]
            : Text(call)),
        new("replace", "old new count? /", call => Replace(call, Text(call), call.Text(0), call.Text(1), call.Integer(2, -1))),
        new("find", "sub start? end? /", call => Find(call, fromEnd: false)),
        new("rfind", "sub start? end? /", call => Find(call, fromEnd: true)),
        new("index", "sub start? end? /", call => Found(call, Find(call, fromEnd: false))),
        new("rindex", "sub start? end? /", call => Found(call, Find(call, fromEnd: true))),
        new("count", "sub start? end? /", Count),
        new("split", "sep? maxsplit?", call => Split(call, fromEnd: false)),
        new("rsplit", "sep? maxsplit?", call => Split(call, fromEnd: true)),
        new("partition", "sep /", call => Partition(call, fromEnd: false)),
        new("rpartition", "sep /", call => Partition(call, fromEnd: true)),
        new("splitlines", "keepends?", call => TemplateText.Lines(Text(call), call.Truth(0))),
        new("join", "iterable /",
            call => Join(call, Text(call), call.Run.Items(call[0], call.Line).Select((item, i) => item as string
                ?? throw call.Refuse($"needs strings; item {i} is {TemplateValue.TypeOf(item)}")))),
        new("center", "width fillchar? /", call => Pad(call, Text(call), call.Integer(0, 0), call.TextOr(1, " ")!, 0)),
        new("ljust", "width fillchar? /", call => Pad(call, Text(call), call.Integer(0, 0), call.TextOr(1, " ")!, 1)),
        new("rjust", "width fillchar? /", call => Pad(call, Text(call), call.Integer(0, 0), call.TextOr(1, " ")!, -1)),
        new("zfill", "width /", ZeroFill),
        new("expandtabs", "tabsize?", ExpandTabs),
        new("encode", "encoding? errors?",
            call => call.TextOr(0, "utf-8")!.ToLowerInvariant() is "utf-8" or "utf8" && !call.Has(1)
                ? new TemplateBytes(Encoding.UTF8.GetBytes(Text(call)))
                : throw call.Refuse("knows utf-8 with strict errors alone")),
        new("format", "* **", call => TemplateBraceFormat.Apply(call.Run, Text(call), call.Given, call.Line)),
        new("isdigit", "", call => All(call, TemplateText.IsDigit)),
        new("isdecimal", "", call => All(call, rune => CharUnicodeInfo.GetDecimalDigitValue(rune.ToString(), 0) >= 0)),
        new("isnumeric", "", call => All(call, rune => TemplateText.IsNumeric(rune) || (TemplateText.IsIdeograph(rune)
            ? throw call.Refuse("does not know which Chinese characters are numbers") : false))),
        new("isalpha", "", call => All(call, Rune.IsLetter)),
        new("isalnum", "", call => All(call, TemplateText.IsAlphanumeric)),
        new("isascii", "", call => Ascii.IsValid(Text(call))),
        new("isspace", "", call => All(call, rune => rune.IsBmp && TemplateText.IsSpace((char)rune.Value))),
        new("isprintable", "", call => Text(call).Length == 0 || All(call, TemplateText.IsPrintable)),
        new("isidentifier", "", call => Ascii.IsValid(Text(call))
            ? IsIdentifier(Text(call))
            : throw call.Refuse("knows ASCII alone")),
        new("istitle", "", IsTitle),
        new("isupper", "", call => TemplateText.IsAll(Text(call), UnicodeCategory.UppercaseLetter)),
        new("islower", "", call => TemplateText.IsAll(Text(call), UnicodeCategory.LowercaseLetter)));

    /// <summary>Joins strings.</summary>
    public static string Join(TemplateCall call, string separator, IEnumerable<string> parts)
    {
        var text = new StringBuilder();
        bool first = true;
        foreach (string part in parts)
        {
            call.Budget.Step(call.Line);
            text.Append(first ? "" : separator).Append(part);
            first = false;
            if (text.Length > TemplateBudget.MaxLength)
                throw TemplateBudget.TooLong(call.Line);
        }

        call.Budget.Make(text.Length, call.Line);
        return text.ToString();
    }

    /// <summary>
    /// Replaces the first <paramref name="most"/> occurrences (all if negative); an empty one stands between all characters.
    /// </summary>
    public static string Replace(TemplateCall call, string text, string what, string by, long most)
    {
        most = most < 0 ? long.MaxValue : most;
        List<int> places = what.Length > 0 ? TemplateSearch.All(text, what, most, call.Budget, call.Line) : Between(text, most);
        call.Budget.Make(text.Length + (places.Count * ((long)by.Length - what.Length)) + places.Count, call.Line);
        var result = new StringBuilder(text.Length);
        int at = 0;
        foreach (int place in places)
        {
            result.Append(text, at, place - at).Append(by);
            at = place + what.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Fills up to a width: on both sides (0), behind (1) or before (-1).</summary>
    public static string Pad(TemplateCall call, string text, long width, string fill, int side)
    {
        if (TemplateText.Length(fill) != 1)
            throw call.Refuse($"needs one character to fill with, not \"{fill}\"");
        long missing = width - TemplateText.Length(text);
        if (missing <= 0)
            return text;
        call.Budget.Make(Math.Min(long.MaxValue >> 2, missing) * fill.Length, call.Line);
        long before = side > 0 ? 0 : side < 0 ? missing : (missing / 2) + (missing & width & 1);
        return new StringBuilder().Insert(0, fill, (int)before).Append(text)
            .Insert((int)before * fill.Length + text.Length, fill, (int)(missing - before)).ToString();
    }

    private static string Text(TemplateCall call)
    {
        string text = (string)call.Subject!;
        call.Budget.Scan(text.Length, call.Line);
        return text;
    }

    private static bool All(TemplateCall call, Func<Rune, bool> test)
    {
        string text = Text(call);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!test(rune))
                return false;
        }

        return text.Length > 0;
    }

    /// <summary>The part of the text that the arguments start and end of a method name, and where it begins in chars.</summary>
    private static (string Text, int From)? Part(TemplateCall call)
    {
        string text = Text(call);
        if (!call.Has(1))
            return (text, 0);
        int length = TemplateText.Length(text);
        long start = Place(call.Or(1, null) is null ? 0 : call.Integer(1, 0));
        long end = Math.Min(length, Place(call.Or(2, null) is null ? length : call.Integer(2, length)));
        if (start > end)
            return null;
        int from = TemplateText.CharOf(text, (int)start);
        return (text[from..TemplateText.CharOf(text, (int)end)], from);

        long Place(long given) => given < 0 ? Math.Max(0, given + length) : given;
    }

    private static object IsAtEdge(TemplateCall call, Func<string, string, bool> test)
    {
        string text = Part(call)?.Text ?? "";
        bool exists = Part(call) is not null;
        return call[0] switch
        {
            string part => exists && test(text, part),
            TemplateTuple parts => exists && parts.Items.Any(part => test(text, part as string
                ?? throw call.Refuse($"needs strings, not {TemplateValue.TypeOf(part)}"))),
            _ => throw call.Refuse($"needs a string or a tuple of strings, not {TemplateValue.TypeOf(call[0])}"),
        };
    }

    private static long Find(TemplateCall call, bool fromEnd)
    {
        string part = call.Text(0);
        if (Part(call) is not var (text, from))
            return -1;
        int at = fromEnd
            ? TemplateSearch.Last(text, part, text.Length, call.Budget, call.Line)
            : TemplateSearch.First(text, part, 0, call.Budget, call.Line);
        return at < 0 ? -1 : TemplateText.Length(((string)call.Subject!)[..(from + at)]);
    }

    private static object Found(TemplateCall call, long place) =>
        place >= 0 ? place : throw call.Refuse($"does not find \"{call.Text(0)}\"");

    private static object Count(TemplateCall call)
    {
        string part = call.Text(0);
        if (Part(call) is not var (text, _))
            return 0L;
        return part.Length == 0 ? TemplateText.Length(text) + 1L
            : TemplateSearch.All(text, part, long.MaxValue, call.Budget, call.Line).Count;
    }

    private static List<object?> Split(TemplateCall call, bool fromEnd)
    {
        string text = Text(call);
        long most = call.Integer(1, -1) is >= 0 and var given ? given : long.MaxValue;
        if (call.TextOr(0, null) is not { } separator)
        {
            List<object?> words = TemplateText.Words(text, most, fromEnd);
            call.Budget.Make(words.Count, call.Line);
            return words;
        }

        if (separator.Length == 0)
            throw call.Refuse("needs a separator that is not empty");
        List<int> places = Places(call, text, separator, most, fromEnd);
        call.Budget.Make(places.Count, call.Line);
        var parts = new List<object?>(places.Count + 1);
        int at = 0;
        foreach (int place in places)
        {
            parts.Add(text[at..place]);
            at = place + separator.Length;
        }

        parts.Add(text[at..]);
        return parts;
    }

    private static List<int> Places(TemplateCall call, string text, string separator, long most, bool fromEnd)
    {
        if (!fromEnd)
            return TemplateSearch.All(text, separator, most, call.Budget, call.Line);
        var places = new List<int>();
        for (int end = text.Length; places.Count < most; end = places[^1])
        {
            int at = TemplateSearch.Last(text, separator, end, call.Budget, call.Line);
            if (at < 0)
                break;
            places.Add(at);
        }

        places.Reverse();
        return places;
    }

    private static object Partition(TemplateCall call, bool fromEnd)
    {
        (string text, string separator) = (Text(call), call.Text(0));
        if (separator.Length == 0)
            throw call.Refuse("needs a separator that is not empty");
        List<int> places = Places(call, text, separator, 1, fromEnd);
        return new TemplateTuple(places.Count > 0 ? [text[..places[0]], separator, text[(places[0] + separator.Length)..]]
            : fromEnd ? ["", "", text] : [text, "", ""]);
    }

    private static object ZeroFill(TemplateCall call)
    {
        string text = Text(call);
        int sign = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        return text[..sign] + Pad(call, text[sign..], call.Integer(0, 0) - sign, "0", -1);
    }

    private static object ExpandTabs(TemplateCall call)
    {
        string text = Text(call);
        long size = call.Integer(0, 8), column = 0;
        call.Budget.Make(text.Length + (text.AsSpan().Count('\t') * Math.Clamp(size, 0, int.MaxValue)), call.Line);
        var result = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\t')
            {
                int blanks = size > 0 ? (int)(size - (column % size)) : 0;
                result.Append(' ', blanks);
                column += blanks;
                continue;
            }

            result.Append(c);
            column = c is '\n' or '\r' ? 0 : column + (char.IsLowSurrogate(c) ? 0 : 1);
        }

        return result.ToString();
    }

    private static List<int> Between(string text, long most)
    {
        var places = new List<int>();
        for (int at = 0; places.Count < most && at <= text.Length;
            at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1)
        {
            places.Add(at);
        }
        return places;
    }

    private static object IsTitle(TemplateCall call)
    {
        bool any = false, inWord = false;
        foreach (Rune rune in Text(call).EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool upper = category is UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter,
                lower = category == UnicodeCategory.LowercaseLetter;
            if ((upper && inWord) || (lower && !inWord))
                return false;
            inWord = upper || lower;
            any |= inWord;
        }

        return any;
    }

    private static bool IsIdentifier(string text) => text.Length > 0 && !char.IsAsciiDigit(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
