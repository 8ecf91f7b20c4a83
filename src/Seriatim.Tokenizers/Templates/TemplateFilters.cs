using System.Globalization;
using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>
/// The filters of templates (<c>value | name</c>): those of all values and numbers here, the others in files of their own.
/// </summary>
internal static class TemplateFilters
{
    private static readonly TemplateTable General = new(
        new("default", "default_value? boolean?", Default),
        new("d", "default_value? boolean?", Default),
        new("string", "", call => call.Subject is TemplateMarkup ? call.Subject : call.Print(call.Subject)),
        new("tojson", "ensure_ascii? indent? separators? sort_keys?", TemplateJson.Filter),
        new("length", "", Length),
        new("count", "", Length),
        new("int", "default? base?", ToInteger),
        new("float", "default?", ToFloat),
        new("abs", "", Absolute),
        new("round", "precision? method?", Round),
        new("attr", "name", call => call.Subject is TemplateMap map && TemplateMethods.Find(map, call.Text(0)) is null
            ? new Undefined(call.Text(0)) : call.Run.Attribute(call.Subject, call.Text(0), call.Line)),
        new("filesizeformat", "binary?", FileSize),
        new("pprint", "", call => TemplateJson.Pretty(call)),
        new("random", "", call => throw call.Refuse("is not supported: the same conversation would not give the same prompt")));

    /// <summary>All filters by name.</summary>
    public static readonly TemplateTable All = General.And(TemplateTextFilters.Rows).And(TemplateListFilters.Rows);

    private static object? Default(TemplateCall call) =>
        call.Subject is Undefined || (call.Truth(1) && !TemplateValue.Truth(call.Subject))
            ? call.Or(0, "")
            : call.Subject;

    private static object Length(TemplateCall call)
    {
        if (call.Subject is string text)
            call.Budget.Scan(text.Length, call.Line);
        return call.Subject switch
        {
            string source => (long)TemplateText.Length(source),
            TemplateMarkup markup => (long)TemplateText.Length(markup.Text),
            TemplateBytes bytes => (long)bytes.Bytes.Length,
            List<object?> list => (long)list.Count,
            TemplateTuple tuple => (long)tuple.Items.Count,
            TemplateMap map => (long)map.Count,
            TemplateView view => (long)view.Map.Count,
            TemplateRange range => range.Count,
            Undefined => 0L,
            _ => throw call.Refuse($"needs something that has a length, not {TemplateValue.TypeOf(call.Subject)}"),
        };
    }

    private static object? ToInteger(TemplateCall call)
    {
        BigInteger? value = call.Subject switch
        {
            Undefined undefined => throw call.Refuse($"needs a value: {undefined.Problem}"),
            string text =>
                TemplateNumber.ParseInteger(text, (int)Math.Clamp(call.Integer(1, 10), 0, 36))
                    ?? Truncate(TemplateNumber.ParseFloat(text), call),
            double number => Truncate(number, call),
            _ => TemplateValue.Integer(call.Subject),
        };
        return value is { } integer ? TemplateBudget.Integer(integer, call.Line) : call.Or(0, 0L);
    }

    private static BigInteger? Truncate(double? number, TemplateCall call) => number switch
    {
        null or double.NaN => null,
        { } finite when double.IsFinite(finite) => new BigInteger(finite),
        _ => throw call.Refuse("cannot make an integer of infinity"),
    };

    private static object? ToFloat(TemplateCall call) => call.Subject switch
    {
        Undefined undefined => throw call.Refuse($"needs a value: {undefined.Problem}"),
        string text => TemplateNumber.ParseFloat(text) ?? call.Or(0, 0.0),
        _ => TemplateValue.Number(call.Subject) is { } number
            ? double.IsFinite(number) || call.Subject is double ? number : throw call.Refuse("needs an integer that fits a float")
            : call.Or(0, 0.0),
    };

    private static object Absolute(TemplateCall call) => call.Subject switch
    {
        double number => Math.Abs(number),
        _ when TemplateValue.Integer(call.Subject) is { } integer => TemplateBudget.Integer(BigInteger.Abs(integer), call.Line),
        _ => throw call.Refuse($"needs a number, not {TemplateValue.TypeOf(call.Subject)}"),
    };

    private static object Round(TemplateCall call)
    {
        long places = call.Integer(0, 0);
        string method = call.TextOr(1, "common")!;
        double number = TemplateValue.Number(call.Subject)
            ?? throw call.Refuse($"needs a number, not {TemplateValue.TypeOf(call.Subject)}");
        if (method == "common")
        {
            return call.Subject is double ? TemplateNumber.Round(number, places)
                : TemplateBudget.Integer(RoundInteger(TemplateValue.Integer(call.Subject)!.Value, places), call.Line);
        }

        if (method is not ("ceil" or "floor"))
            throw call.Refuse($"knows the methods common, ceil and floor, not {method}");
        object? power = TemplateOperators.Apply(call.Run, "**", 10L, places, call.Line);
        double scaled = TemplateValue.Number(TemplateOperators.Apply(call.Run, "*", call.Subject, power, call.Line))!.Value;
        if (!double.IsFinite(scaled))
            throw call.Refuse("cannot round infinity");
        return TemplateOperators.Apply(call.Run, "/", TemplateBudget.Integer(
            new BigInteger(method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)), call.Line), power, call.Line)!;
    }

    /// <summary>An integer is rounded to tens, hundreds, ... if the places are negative; a tie goes to the even digit.</summary>
    private static BigInteger RoundInteger(BigInteger value, long places)
    {
        if (places >= 0)
            return value;
        if (places < -5000)
            return BigInteger.Zero;
        BigInteger unit = BigInteger.Pow(10, (int)-places);
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(value), unit, out BigInteger rest);
        int half = (rest * 2).CompareTo(unit);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return quotient * unit * value.Sign;
    }

    private static object FileSize(TemplateCall call)
    {
        double bytes = call.Subject is string text ? TemplateNumber.ParseFloat(text)
            ?? throw call.Refuse($"needs a number, not \"{text}\"")
            : TemplateValue.Number(call.Subject)
                ?? throw call.Refuse($"needs a number, not {TemplateValue.TypeOf(call.Subject)}");
        bool binary = call.Truth(0);
        double unit = binary ? 1024 : 1000;
        if (bytes == 1)
            return "1 Byte";
        if (bytes < unit)
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Truncate(bytes)} Bytes");
        string[] prefixes = binary
            ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
            : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
        int place = 0;
        double size = unit * unit;
        while (place < prefixes.Length - 1 && bytes >= size)
        {
            size *= unit;
            place++;
        }

        return $"{TemplateNumber.Fixed(unit * bytes / size, 1)} {prefixes[place]}";
    }
}
