using System.Numerics;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>The methods of values that templates call. Nothing changes its receiver.</summary>
internal static class TemplateMethods
{
    private static readonly TemplateTable OfMap = new(
        new("items", "", call => new TemplateView((TemplateMap)call.Subject!, "dict_items")),
        new("keys", "", call => new TemplateView((TemplateMap)call.Subject!, "dict_keys")),
        new("values", "", call => new TemplateView((TemplateMap)call.Subject!, "dict_values")),
        new("get", "key default? /", call =>
            ((TemplateMap)call.Subject!).TryGet(call.Run.Key(call[0], call.Line), out object? value) ? value : call.Or(1, null)),
        new("copy", "", Copy),
        new("fromkeys", "iterable value? /", FromKeys));

    private static readonly TemplateTable OfList = new(
        new("index", "value start? stop? /", Index),
        new("count", "value /", Count),
        new("copy", "", call => ((List<object?>)call.Subject!).ToList()));

    private static readonly TemplateTable OfTuple = new(
        new("index", "value start? stop? /", Index),
        new("count", "value /", Count));

    private static readonly TemplateTable OfRange = new(
        new("index", "value /", Index),
        new("count", "value /", Count));

    private static readonly TemplateTable OfBytes = new(new TemplateRoutine("decode", "encoding? errors?", Decode));

    private static readonly TemplateTable OfNumber = new(
        new("is_integer", "", call => call.Subject is double number ? double.IsFinite(number) && number == Math.Floor(number)
            : throw call.Refuse("is a method of floats, not of integers")),
        new("bit_length", "",
            call => TemplateValue.Integer(call.Subject) is { } integer ? (long)BigInteger.Abs(integer).GetBitLength()
                : throw call.Refuse("is a method of integers, not of floats")));

    /// <summary>Attributes that exist in Python and would change their owner: the sandbox of Jinja hides them.</summary>
    private static readonly HashSet<string> Changers =
        ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"];

    private static readonly HashSet<string> MapChangers = ["clear", "pop", "popitem", "setdefault", "update"];

    private static readonly HashSet<string> OtherOfText = ["casefold", "format_map", "maketrans", "translate"];

    private static readonly HashSet<string> OtherOfNumbers =
    [
        "as_integer_ratio", "bit_count", "conjugate", "denominator", "from_bytes", "fromhex", "hex", "imag", "numerator",
        "real", "to_bytes",
    ];

    /// <summary>A method, or null.</summary>
    public static TemplateRoutine? Find(object? owner, string name) => owner switch
    {
        string => TemplateTextMethods.Rows.Find(name),
        TemplateMap => OfMap.Find(name),
        List<object?> => OfList.Find(name),
        TemplateTuple => OfTuple.Find(name),
        TemplateRange => OfRange.Find(name),
        TemplateBytes => OfBytes.Find(name),
        bool or long or BigInteger or double => OfNumber.Find(name),
        _ => null,
    };

    /// <summary>Whether a method would change its owner.</summary>
    public static bool Changes(object? owner, string name) => owner switch
    {
        List<object?> => Changers.Contains(name),
        TemplateMap => MapChangers.Contains(name),
        _ => false,
    };

    /// <summary>Whether Python has an attribute of that name that is not done here.</summary>
    public static bool IsOther(object? owner, string name) => owner switch
    {
        string => OtherOfText.Contains(name),
        TemplateMarkup or TemplateBytes => true,
        bool or long or BigInteger or double => OtherOfNumbers.Contains(name),
        TemplateRange => name is "start" or "stop" or "step",
        TemplateView => name is "mapping" or "isdisjoint",
        _ => false,
    };

    private static TemplateMap Copy(TemplateCall call)
    {
        var copy = new TemplateMap();
        foreach ((object? key, object? value) in ((TemplateMap)call.Subject!).Items)
            copy.Set(key, value);
        call.Budget.Make(copy.Count, call.Line);
        return copy;
    }

    private static TemplateMap FromKeys(TemplateCall call)
    {
        var map = new TemplateMap();
        foreach (object? key in call.Run.Items(call[0], call.Line))
            map.Set(call.Run.Key(key, call.Line), call.Or(1, null));
        return map;
    }

    private static object Index(TemplateCall call)
    {
        IReadOnlyList<object?> items = call.Items();
        bool isList = call.Subject is not TemplateRange;
        long start = isList ? Place(call.Integer(1, 0)) : 0, stop = isList ? Place(call.Integer(2, items.Count)) : items.Count;
        for (int i = (int)start; i < stop; i++)
        {
            if (TemplateComparison.SameItem(items[i], call[0], call.Budget, call.Line, 0))
                return (long)i;
        }

        throw call.Refuse("does not find the item");

        long Place(long given) => Math.Clamp(given < 0 ? given + items.Count : given, 0, items.Count);
    }

    private static object Count(TemplateCall call)
    {
        long count = 0;
        foreach (object? item in call.Items())
            count += TemplateComparison.SameItem(item, call[0], call.Budget, call.Line, 0) ? 1 : 0;
        return count;
    }

    private static object Decode(TemplateCall call)
    {
        string encoding = call.TextOr(0, "utf-8")!;
        if (encoding.ToLowerInvariant() is not ("utf-8" or "utf8") || call.Has(1))
            throw call.Refuse("knows utf-8 with strict errors alone");
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(((TemplateBytes)call.Subject!).Bytes);
        }
        catch (DecoderFallbackException failure)
        {
            throw call.Refuse($"finds bytes that are no UTF-8 ({failure.Message})");
        }
    }
}
