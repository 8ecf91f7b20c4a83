using System.Collections.Concurrent;

namespace Seriatim.Generation;

/// <summary>
/// The formats of the specification as regular languages. Where the exact set is not regular, or huge, a set within it: a text
/// that
/// we allow always is of the format.
/// </summary>
internal static class Formats
{
    private const string Digits29 = @"(?:(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";

    private const string Date = @"(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
        + @"|02-(?:0[1-9]|1\d|2[0-8]))|" + Digits29 + ")";

    private const string Offset = @"(?:[Zz]|[+\-](?:[01]\d|2[0-3]):[0-5]\d)";

    // A leap second is one at the end of a day of UTC; offsets other than zero are left out.
    private const string Time = @"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?" + Offset
        + @"|23:59:60(?:\.\d+)?(?:[Zz]|[+\-]00:00))";

    private const string Octet = @"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";

    private const string Ipv4 = @"(?:(?:" + Octet + @"\.){3}" + Octet + ")";

    private const string Label = @"(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?)";

    private const string Atom = @"(?:[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)";

    private const string Quoted = @"""(?:[^""\\\x00-\x1f\x7f-\uffff\u{10000}-\u{10ffff}]|\\[ -~])*""";

    private const string Escaped = @"(?:%[0-9A-Fa-f]{2})";

    private const string Unreserved = @"[A-Za-z0-9\-._~]";

    private const string Chars = @"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|" + Escaped + ")";

    private static readonly ConcurrentDictionary<string, ByteDfa> Known = new();

    private static readonly Dictionary<string, Func<ByteDfa>> Languages = new()
    {
        ["date"] = () => Of(Date),
        ["time"] = () => Of(Time),
        ["date-time"] = () => Of(Date + "[Tt]" + Time),
        ["duration"] = () => Of(Duration()),
        ["uuid"] = () => Of("[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
        ["ipv4"] = () => Of(Ipv4),
        ["ipv6"] = () => Of(Ipv6()),
        ["hostname"] = () => Hostname,
        ["idn-hostname"] = () => Language.Union(Hostname, IdnHostname),
        ["email"] = () => Email,
        ["idn-email"] = () => Language.Union(Email, Language.Concat(
            Of(Atom[..^3] + @"\u0080-\uffff\u{10000}-\u{10ffff}]+)@"), Language.Union(Hostname, IdnHostname))),
        ["uri"] = () => Of(Uri(Chars, reference: false)),
        ["uri-reference"] = () => Of(Uri(Chars, reference: true)),
        ["iri"] = () => Of(Uri(Wide(Chars), reference: false)),
        ["iri-reference"] = () => Of(Uri(Wide(Chars), reference: true)),
        ["uri-template"] = () => Of(Template()),
        ["json-pointer"] = () => Of("(?:/(?:[^/~]|~[01])*)*"),
        ["relative-json-pointer"] = () => Of("(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^/~]|~[01])*)*)"),
        ["base64"] = () => Of("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
        ["regex"] = () => Of(Pattern()),
    };

    /// <summary>Names of the formats that are enforced.</summary>
    public static IEnumerable<string> Names => Languages.Keys;

    // Labels of up to 63 characters, at most 253 in all: counted in three ways, each within the limit.
    private static ByteDfa Hostname => Language.Except(
        Of($@"{Label}(?:\.{Label}){{0,2}}|{Short(24)}(?:\.{Short(24)}){{0,9}}|{Short(11)}(?:\.{Short(11)}){{0,20}}"),
        RegexLanguage.Search(@"(^|\.)..--"));

    // Letters of the scripts that names of hosts use most, without those that IDNA maps to others; as many as fit encoded.
    private static ByteDfa IdnHostname => Of($@"{IdnLabel}(?:\.{IdnLabel}){{0,3}}");

    private static string IdnLabel => $@"(?:{IdnLetter}(?:(?:-?{IdnLetter}){{0,10}}-?{IdnLetter})?)";

    private static string IdnLetter => @"[0-9a-z\u00e0-\u00f6\u00f8-\u00ff\u03b1-\u03c1\u03c3-\u03c9\u03ac-\u03af\u03cc-\u03ce"
        + @"\u0430-\u045f"
        + @"\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3]";

    private static ByteDfa Email => Language.Concat(Of($@"(?:{Atom}(?:\.{Atom})*|{Quoted})@"),
        Language.Union(Hostname, Of($@"\[(?:{Ipv4}|IPv6:(?:{Ipv6()}))\]")));

    /// <summary>The texts of a format; null: it is none that the specification knows.</summary>
    public static ByteDfa? Find(string name) =>
        Languages.TryGetValue(name, out Func<ByteDfa>? make) ? Known.GetOrAdd(name, _ => LanguageWork.Uncounted(make)) : null;

    private static ByteDfa Of(string pattern) => RegexLanguage.Full(pattern);

    private static string Short(int length) => $"(?:[A-Za-z0-9](?:[A-Za-z0-9\\-]{{0,{length - 2}}}[A-Za-z0-9])?)";

    private static string Duration()
    {
        const string time = @"T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)";
        const string date = @"(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)";
        return $@"P(?:{date}(?:{time})?|{time}|\d+W)";
    }

    private static string Ipv6()
    {
        const string h = "[0-9A-Fa-f]{1,4}";
        const string last = "(?:" + h + ":" + h + "|" + Ipv4 + ")";
        var forms = new List<string> { $"(?:{h}:){{6}}{last}" };
        for (int after = 5; after >= 0; after--)
        {
            string before = 5 - after == 0 ? "" : $"(?:(?:{h}:){{0,{5 - after - 1}}}{h})?";
            forms.Add($"{before}::(?:{h}:){{{after}}}{last}");
        }
        forms.Add($"(?:(?:{h}:){{0,5}}{h})?::{h}");
        forms.Add($"(?:(?:{h}:){{0,6}}{h})?::");
        return string.Join('|', forms);
    }

    private static string Wide(string characters) =>
        $@"(?:{characters}|[\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\u{{10000}}-\u{{EFFFD}}])";

    private static string Uri(string character, bool reference)
    {
        string host = $@"(?:\[(?:{Ipv6()}|[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\]|{Without(character, ":@")}*)";
        string authority = $@"(?:{Without(character, "@")}*@)?{host}(?::\d*)?";
        string path = $"(?:/{character}*)*";
        string absolute = $"/(?:{character}+(?:/{character}*)*)?";
        string rootless = $"{character}+(?:/{character}*)*";
        string hier = $"(?://{authority}{path}|{absolute}|{rootless})?";
        string asked = character.Contains("u00A0", StringComparison.Ordinal)
            ? character[..^2] + @"\uE000-\uF8FF\u{F0000}-\u{10FFFD}])" : character;
        string tail = $@"(?:\?(?:{asked}|[/?])*)?(?:#(?:{character}|[/?])*)?";
        string uri = $@"[A-Za-z][A-Za-z0-9+\-.]*:{hier}{tail}";
        if (!reference)
            return uri;
        string noColon = $"{Without(character, ":")}+(?:/{character}*)*";
        return $"(?:{uri}|(?://{authority}{path}|{absolute}|{noColon})?{tail})";
    }

    /// <summary>Characters of a path without some of them.</summary>
    private static string Without(string character, string signs) =>
        character.Replace(":@]", signs == ":" ? "@]" : signs == "@" ? ":]" : "]", StringComparison.Ordinal);

    private static string Template()
    {
        string literal = $@"(?:[!#$&'(-;=?-\[\]_a-z~\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\u{{10000}}-\u{{EFFFD}}]|{Escaped})";
        string name = $@"(?:[A-Za-z0-9_]|{Escaped})(?:\.?(?:[A-Za-z0-9_]|{Escaped}))*";
        string variable = $@"{name}(?::[1-9]\d{{0,3}}|\*)?";
        return $@"(?:{literal}|\{{[+#./;?&]?{variable}(?:,{variable})*\}})*";
    }

    /// <summary>Patterns of ECMAScript with groups up to three deep, without what we could not read ourselves.</summary>
    private static string Pattern()
    {
        const string escape = @"\\(?:[dDwWsSbBnrtvf0^$\\.*+?()\[\]{}|/]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|c[A-Za-z])";
        const string classEscape = @"\\(?:[dDwWsSbnrtvf0^$\\.*+?()\[\]{}|/\-]|x[0-9A-Fa-f]{2})";
        // Ranges of letters and digits in their order would need to be compared: a few common ones stand for all.
        const string set = @"\[\^?(?:a-z|A-Z|0-9|a-f|A-F|[^\\\]\-\n\r\[^]|" + classEscape + @")*-?\]";
        string atom = $@"(?:[^\\^$.*+?()\[\]{{}}|]|{escape}|\.|{set})";
        const string quantifier = @"(?:(?:[*+?]|\{\d{1,3}(?:,)?\})\??)?";
        string part = $@"(?:{atom}{quantifier}|[\^$])";
        for (int depth = 0; depth < 3; depth++)
            part = $@"(?:{atom}{quantifier}|[\^$|]|\((?:\?[:=!])?{part}*\){quantifier})";
        return $"{part}*";
    }
}
