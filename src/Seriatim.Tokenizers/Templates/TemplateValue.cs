using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Seriatim.Tokenizers;

/// <summary>The value of a variable that does not exist: empty when printed or looped over, false, without members.</summary>
internal sealed class Undefined(string name)
{
    /// <summary>What was looked for.</summary>
    public string Name => name;
}

/// <summary>A dictionary that keeps its order; <see cref="IsNamespace"/> marks one that may be assigned to.</summary>
internal sealed class TemplateMap
{
    private readonly OrderedDictionary<string, object?> _items = new(StringComparer.Ordinal);

    /// <summary>Made by <c>namespace()</c>.</summary>
    public bool IsNamespace { get; init; }

    /// <summary>Number of entries.</summary>
    public int Count => _items.Count;

    /// <summary>The keys.</summary>
    public IEnumerable<string> Keys => _items.Keys;

    /// <summary>The entries.</summary>
    public IEnumerable<KeyValuePair<string, object?>> Items => _items;

    /// <summary>Finds a value.</summary>
    public bool TryGet(string key, out object? value) => _items.TryGetValue(key, out value);

    /// <summary>Sets a value.</summary>
    public void Set(string key, object? value) => _items[key] = value;
}

/// <summary>A function a template can call.</summary>
internal delegate object? TemplateFunction(IReadOnlyList<object?> arguments, IReadOnlyDictionary<string, object?> named);

/// <summary>
/// The values of templates and their Python-like behaviour: null, bool, long, double, string, <c>List&lt;object?&gt;</c> (also
/// for tuples), <see cref="TemplateMap"/>, <see cref="TemplateFunction"/>, <see cref="Undefined"/>.
/// </summary>
internal static class TemplateValue
{
    private const int MaxDepth = 64;

    /// <summary>Turns a caller's value into a template's.</summary>
    public static object? From(object? value, int depth = 0)
    {
        if (depth > MaxDepth)
        {
            throw new ChatTemplateException($"a value given to the template nests deeper than {MaxDepth} levels.");
        }

        switch (value)
        {
            case null or bool or long or double or string or List<object?> or TemplateMap or TemplateFunction or Undefined:
                return value;
            case int or short or byte or sbyte or ushort or uint:
                return Convert.ToInt64(value, CultureInfo.InvariantCulture);
            case float single:
                return (double)single;
            case JsonElement json:
                return FromJson(json, depth);
            case ChatMessage message:
                return FromMessage(message, depth);
            case IReadOnlyDictionary<string, object?> map:
                return FromPairs(map, depth);
            case IEnumerable items:
                return items.Cast<object?>().Select(item => From(item, depth + 1)).ToList();
            default:
                throw new ChatTemplateException($"a value of type {value.GetType().Name} cannot be given to a template; use strings, "
                    + "numbers, truth values, null, lists and dictionaries with string keys.");
        }
    }

    /// <summary>Whether a value counts as true.</summary>
    public static bool Truth(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long integer => integer != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        TemplateMap map => map.IsNamespace || map.Count > 0,
        _ => true,
    };

    /// <summary>Equality as in Python.</summary>
    public static bool Same(object? a, object? b) => (a, b) switch
    {
        (Undefined, Undefined) => true,
        (List<object?> x, List<object?> y) => x.Count == y.Count && x.Zip(y).All(pair => Same(pair.First, pair.Second)),
        (TemplateMap x, TemplateMap y) => x.Count == y.Count
            && x.Items.All(item => y.TryGet(item.Key, out object? other) && Same(item.Value, other)),
        _ when Number(a) is { } x && Number(b) is { } y => x == y,
        _ => Equals(a, b),
    };

    /// <summary>The value as a number (truth values count), or null.</summary>
    public static double? Number(object? value) => value switch
    {
        long integer => integer,
        double number => number,
        bool flag => flag ? 1 : 0,
        _ => null,
    };

    /// <summary>Name of the type, for errors.</summary>
    public static string TypeOf(object? value) => value switch
    {
        null => "none",
        bool => "a truth value",
        long => "an integer",
        double => "a number",
        string => "a string",
        List<object?> => "a list",
        TemplateMap => "a dictionary",
        Undefined undefined => $"undefined ({undefined.Name})",
        _ => "a function",
    };

    /// <summary>What printing the value gives.</summary>
    public static string Print(object? value) => value switch
    {
        string text => text,
        Undefined => string.Empty,
        _ => Repr(value, 0),
    };

    /// <summary>The value as Python writes it inside containers.</summary>
    public static string Repr(object? value, int depth)
    {
        if (depth > MaxDepth)
        {
            return "...";
        }

        switch (value)
        {
            case null:
                return "None";
            case bool flag:
                return flag ? "True" : "False";
            case long integer:
                return integer.ToString(CultureInfo.InvariantCulture);
            case double number:
                return Float(number);
            case string text:
                return Quote(text);
            case List<object?> list:
                return $"[{string.Join(", ", list.Select(item => Repr(item, depth + 1)))}]";
            case TemplateMap map:
                return $"{{{string.Join(", ", map.Items.Select(item => $"{Quote(item.Key)}: {Repr(item.Value, depth + 1)}"))}}}";
            default:
                return value is Undefined ? "Undefined" : "<function>";
        }
    }

    /// <summary>A float as Python writes it.</summary>
    public static string Float(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        return double.IsFinite(number) && !text.Contains('.') && !text.Contains('E') ? text + ".0" : text;
    }

    private static string Quote(string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var result = new StringBuilder().Append(quote);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => result.Append("\\n"),
                '\r' => result.Append("\\r"),
                '\t' => result.Append("\\t"),
                '\\' => result.Append("\\\\"),
                _ when c == quote => result.Append('\\').Append(c),
                _ => result.Append(c),
            };
        }

        return result.Append(quote).ToString();
    }

    private static TemplateMap FromPairs(IReadOnlyDictionary<string, object?> pairs, int depth)
    {
        var map = new TemplateMap();
        foreach ((string key, object? item) in pairs)
        {
            map.Set(key, From(item, depth + 1));
        }

        return map;
    }

    private static TemplateMap FromMessage(ChatMessage message, int depth)
    {
        var map = new TemplateMap();
        map.Set("role", message.Role);
        if (message.Content is not null || !message.Fields.ContainsKey("content"))
        {
            map.Set("content", message.Content);
        }

        foreach ((string key, object? item) in message.Fields)
        {
            map.Set(key, From(item, depth + 1));
        }

        return map;
    }

    private static object? FromJson(JsonElement json, int depth)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                return json.TryGetInt64(out long integer) ? (object)integer : json.GetDouble();
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            case JsonValueKind.Array:
                return json.EnumerateArray().Select(item => From(item, depth + 1)).ToList();
            case JsonValueKind.Object:
                var map = new TemplateMap();
                foreach (JsonProperty property in json.EnumerateObject())
                {
                    map.Set(property.Name, From(property.Value, depth + 1));
                }

                return map;
            default:
                return null;
        }
    }
}
