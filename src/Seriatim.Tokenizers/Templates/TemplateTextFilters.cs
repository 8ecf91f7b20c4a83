using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Seriatim.Tokenizers;

/// <summary>The filters of templates that work on text.</summary>
internal static partial class TemplateTextFilters
{
    /// <summary>The rows of the table.</summary>
    public static readonly TemplateTable Rows = new(
        new("trim", "chars?", call => Kept(call, text => TemplateText.Strip(text, call.TextOr(0, null), true, true))),
        new("upper", "", call => Kept(call, TemplateCasing.ToUpper)),
        new("lower", "", call => Kept(call, TemplateCasing.ToLower)),
        new("title", "", call => string.Concat(WordStart().Split(Text(call)).Where(part => part.Length > 0).Select(TitleOf))),
        new("capitalize", "", call => Kept(call, TemplateCasing.Capitalize)),
        new("center", "width?", call => TemplateTextMethods.Pad(call, Text(call), call.Integer(0, 80), " ", 0)),
        new("format", "* **", Format),
        new("replace", "old new count?", call => TemplateTextMethods.Replace(
            call, call.Print(call.Subject), call.Print(call[0]), call.Print(call[1]),
            call.Or(2, null) is null ? -1 : call.Integer(2, -1))),
        new("indent", "width? first? blank?", Indent),
        new("truncate", "length? killwords? end? leeway?", Truncate),
        new("wordcount", "", call => (long)Words(Text(call))),
        new("wordwrap", "width? break_long_words? wrapstring? break_on_hyphens?", Wrap),
        new("escape", "", Escape),
        new("e", "", Escape),
        new("forceescape", "", call => new TemplateMarkup(TemplateText.Escape(call.Print(call.Subject)))),
        new("safe", "", call => call.Subject as TemplateMarkup ?? new TemplateMarkup(call.Print(call.Subject))),
        new("striptags", "", StripTags),
        new("urlencode", "", UrlEncode),
        new("urlize", "trim_url_limit? nofollow? target? rel? extra_schemes?", Urlize),
        new("xmlattr", "autospace?", Attributes));

    private static string Text(TemplateCall call)
    {
        string text = call.Printed();
        call.Budget.Make(text.Length, call.Line);
        return text;
    }

    /// <summary>Escaped text stays escaped text.</summary>
    private static object Kept(TemplateCall call, Func<string, string> map)
    {
        string text = call.Print(call.Subject);
        call.Budget.Make(text.Length, call.Line);
        return call.Subject is TemplateMarkup ? new TemplateMarkup(map(text)) : map(text);
    }

    private static string TitleOf(string part)
    {
        int first = part.Length > 1 && char.IsSurrogatePair(part[0], part[1]) ? 2 : 1;
        return TemplateCasing.ToUpper(part[..first]) + TemplateCasing.ToLower(part[first..]);
    }

    private static object Escape(TemplateCall call) =>
        call.Subject as TemplateMarkup ?? new TemplateMarkup(TemplateText.Escape(Text(call)));

    private static object? Format(TemplateCall call)
    {
        TemplateArguments given = call.Given;
        if (given.Values.Count > 0 && given.Named.Count > 0)
            throw call.Refuse("takes values with names or without, not both");
        object right = new TemplateTuple([.. given.Values]);
        if (given.Named.Count > 0)
        {
            var map = new TemplateMap();
            foreach ((string name, object? value) in given.Named)
                map.Set(name, value);
            right = map;
        }

        return TemplatePercentFormat.Apply(call.Run, Text(call), right, call.Line);
    }

    private static object Indent(TemplateCall call)
    {
        string text = call.Subject as string ?? throw call.Refuse($"needs a string, not {TemplateValue.TypeOf(call.Subject)}");
        string blanks = "";
        if (call.Or(0, 4L) is string given)
            blanks = given;
        else if (call.Integer(0, 4) is > 0 and var width)
        {
            call.Budget.Make(width, call.Line);
            blanks = new string(' ', (int)width);
        }

        List<object?> lines = TemplateText.Lines(text + "\n");
        call.Budget.Make(text.Length + ((long)lines.Count * blanks.Length), call.Line);
        var result = new StringBuilder(call.Truth(1) ? blanks : "");
        for (int i = 0; i < lines.Count; i++)
        {
            string line = (string)lines[i]!;
            if (i > 0)
                result.Append('\n').Append(line.Length > 0 || call.Truth(2) ? blanks : "");
            result.Append(line);
        }

        return result.ToString();
    }

    private static object Truncate(TemplateCall call)
    {
        string text = Text(call), end = call.TextOr(2, "...")!;
        long length = call.Integer(0, 255), leeway = call.Or(3, null) is null ? 5 : call.Integer(3, 5);
        int endLength = TemplateText.Length(end);
        if (length < endLength || leeway < 0)
        {
            throw call.Refuse(
                $"needs a length of at least {endLength} (that of the end) and a leeway of at least 0, "
                    + $"not {length} and {leeway}");
        }
        if (TemplateText.Length(text) <= length + leeway)
            return text;
        string kept = text[..TemplateText.CharOf(text, (int)(length - endLength))];
        int blank = call.Truth(1) ? -1 : kept.LastIndexOf(' ');
        return (blank < 0 ? kept : kept[..blank]) + end;
    }

    private static int Words(string text)
    {
        int words = 0;
        bool inWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isLetter = rune.Value == '_' || TemplateText.IsAlphanumeric(rune);
            words += isLetter && !inWord ? 1 : 0;
            inWord = isLetter;
        }

        return words;
    }

    private static object Wrap(TemplateCall call)
    {
        string text = Text(call), between = call.TextOr(2, null) ?? "\n";
        long width = call.Integer(0, 79);
        bool breaks = !call.Has(1) || call.Truth(1);
        if (width <= 0)
            throw call.Refuse($"needs a width above 0, not {width}");
        if (text.Contains('-', StringComparison.Ordinal) && (!call.Has(3) || call.Truth(3)))
            throw call.Refuse("does not break at hyphens yet; say break_on_hyphens=false");
        IEnumerable<string> wrapped = TemplateText.Lines(text)
            .Select(line => string.Join(between, WrapLine((string)line!, width, breaks)));
        string result = string.Join(between, wrapped);
        call.Budget.Make(result.Length, call.Line);
        return result;
    }

    /// <summary>The lines of a line: blanks at their starts (but for the first) and ends are dropped.</summary>
    private static List<string> WrapLine(string text, long width, bool breaks)
    {
        var chunks = new Queue<string>(Blanks().Split(text).Where(chunk => chunk.Length > 0));
        var lines = new List<string>();
        while (chunks.Count > 0)
        {
            var line = new List<string>();
            long used = 0;
            if (lines.Count > 0 && IsBlank(chunks.Peek()))
                chunks.Dequeue();
            while (chunks.TryPeek(out string? next) && used + TemplateText.Length(next) <= width)
            {
                used += TemplateText.Length(next);
                line.Add(chunks.Dequeue());
            }

            if (chunks.TryPeek(out string? tooLong) && TemplateText.Length(tooLong) > width && (breaks || line.Count == 0))
            {
                chunks.Dequeue();
                int room = breaks ? TemplateText.CharOf(tooLong, (int)Math.Max(1, width - used)) : tooLong.Length;
                room = used > 0 && width == used ? 0 : room;
                line.Add(tooLong[..room]);
                if (room < tooLong.Length)
                    chunks = new Queue<string>(chunks.Prepend(tooLong[room..]));
            }

            if (line.Count > 0 && IsBlank(line[^1]))
                line.RemoveAt(line.Count - 1);
            if (line.Count > 0)
                lines.Add(string.Concat(line));
        }

        return lines;

        static bool IsBlank(string chunk) => chunk.All(TemplateText.IsSpace);
    }

    private static object StripTags(TemplateCall call)
    {
        string text = Without(Without(call.Print(call.Subject), "<!--", "-->"), "<", ">");
        if (Entities().Matches(text).FirstOrDefault(match => WebUtility.HtmlDecode(match.Value) == match.Value) is { } unknown)
            throw call.Refuse($"does not know what {unknown.Value} stands for");
        string result = string.Join(' ', TemplateText.Words(WebUtility.HtmlDecode(text), long.MaxValue, false));
        call.Budget.Make(result.Length, call.Line);
        return result;
    }

    /// <summary>Text without what stands between two marks; one that is not closed stays.</summary>
    private static string Without(string text, string open, string close)
    {
        var result = new StringBuilder();
        int at = 0;
        for (int start = text.IndexOf(open, StringComparison.Ordinal); start >= 0;
            start = text.IndexOf(open, at, StringComparison.Ordinal))
        {
            int end = text.IndexOf(close, start + open.Length, StringComparison.Ordinal);
            if (end < 0)
                break;
            result.Append(text, at, start - at);
            at = end + close.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static object UrlEncode(TemplateCall call)
    {
        if (call.Subject is string or TemplateMarkup || TemplateValue.Number(call.Subject) is not null)
            return Quote(call, call.Subject, "/");
        IEnumerable<object?> pairs = call.Subject is TemplateMap map ? new TemplateView(map, "dict_items").Items : call.Items();
        return string.Join('&', pairs.Select(pair => call.Run.Items(pair, call.Line) is [var key, var value]
            ? $"{Quote(call, key, "")}={Quote(call, value, "")}" : throw call.Refuse("needs pairs of key and value")));
    }

    private static string Quote(TemplateCall call, object? value, string safe)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(call.Print(value));
        call.Budget.Make(bytes.Length * 3L, call.Line);
        var text = new StringBuilder(bytes.Length);
        foreach (byte b in bytes)
        {
            if (b < 128
                && (char.IsAsciiLetterOrDigit((char)b) || "_.-~".Contains((char)b, StringComparison.Ordinal)
                    || safe.Contains((char)b, StringComparison.Ordinal)))
            {
                text.Append((char)b);
            }
            else if (b == ' ' && safe.Length == 0)
            {
                text.Append('+');
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            }
        }

        return text.ToString();
    }

    /// <summary>Text without links is the same after it; links are not made.</summary>
    private static object Urlize(TemplateCall call) => Links().IsMatch(Text(call))
        ? throw call.Refuse("does not make links; the text holds one") : TemplateText.Escape(Text(call));

    private static object Attributes(TemplateCall call)
    {
        if (call.Subject is not TemplateMap map)
            throw call.Refuse($"needs a dictionary, not {TemplateValue.TypeOf(call.Subject)}");
        IEnumerable<string> written = map.Items.Where(item => item.Value is not (null or Undefined)).Select(item =>
        {
            string key = call.Print(item.Key);
            return key.IndexOfAny([' ', '\t', '\n', '\r', '\f', '/', '>', '=']) < 0
                ? $"{TemplateText.Escape(key)}=\"{TemplateText.Escape(call.Print(item.Value))}\""
                : throw call.Refuse($"cannot write the name \"{key}\"");
        });
        string text = string.Join(' ', written);
        call.Budget.Make(text.Length, call.Line);
        return text.Length > 0 && (!call.Has(0) || call.Truth(0)) ? " " + text : text;
    }

    [GeneratedRegex(@"([-\s({\[<]+)", RegexOptions.CultureInvariant)]
    private static partial Regex WordStart();

    [GeneratedRegex(@"([\t\n\v\f\r ]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();

    [GeneratedRegex(@"&[A-Za-z][A-Za-z0-9]*;?", RegexOptions.CultureInvariant)]
    private static partial Regex Entities();

    [GeneratedRegex(
        @"(https?://|www\.)(\[|\d|xn--|([\w%-]+\.)*([a-z]{2}|xn--))|\.(com|net|int|edu|gov|org|info|mil)\b|@|mailto:|ftp:",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Links();
}
