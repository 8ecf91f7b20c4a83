using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Seriatim.Tokenizers;

/// <summary>Turns a caller's values into a template's.</summary>
internal static class TemplateInput
{
    private const int MaxDepth = 64;

    /// <summary>Converts a value; what a template cannot hold is refused with its type.</summary>
    public static object? From(object? value, int depth = 0)
    {
        if (depth > MaxDepth)
            throw new ChatTemplateException($"a value given to the template nests deeper than {MaxDepth} levels.");
        switch (value)
        {
            case null or bool or long or double or string:
                return value;
            case int or short or byte or sbyte or ushort or uint:
                return Convert.ToInt64(value, CultureInfo.InvariantCulture);
            case ulong large:
                return TemplateBudget.Integer(large, 0);
            case BigInteger large:
                return TemplateBudget.Integer(large, 0);
            case float single:
                return (double)single;
            case JsonElement json:
                return FromJson(json, depth);
            case JsonDocument document:
                return FromJson(document.RootElement, depth);
            case System.Text.Json.Nodes.JsonNode node:
                using (JsonDocument parsed = JsonDocument.Parse(node.ToJsonString()))
                    return FromJson(parsed.RootElement, depth);
            case ChatTurn message:
                return FromMessage(message, depth);
            case IReadOnlyDictionary<string, object?> map:
                return FromPairs(map.Select(pair => ((object)pair.Key, pair.Value)), depth);
            case IDictionary map:
                return FromPairs(map.Keys.Cast<object>().Select(key => (key, map[key])), depth);
            case IEnumerable items:
                return items.Cast<object?>().Select(item => From(item, depth + 1)).ToList();
            default:
                throw new ChatTemplateException(
                    $"a value of type {value.GetType().Name} cannot be given to a template; use strings, "
                        + "numbers, truth values, null, lists and dictionaries with string keys.");
        }
    }

    private static TemplateMap FromPairs(IEnumerable<(object Key, object? Value)> pairs, int depth)
    {
        var map = new TemplateMap();
        foreach ((object key, object? item) in pairs)
            map.Set(From(key, depth + 1), From(item, depth + 1));
        return map;
    }

    private static TemplateMap FromMessage(ChatTurn message, int depth)
    {
        var map = new TemplateMap();
        map.Set("role", message.Role);
        if (message.Content is not null || !message.Fields.ContainsKey("content"))
            map.Set("content", message.Content);
        foreach ((string key, object? item) in message.Fields)
            map.Set(key, From(item, depth + 1));
        return map;
    }

    private static object? FromJson(JsonElement json, int depth)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                // As Python reads it: a fraction or an exponent makes a float, anything else is an integer of any length.
                string digits = json.GetRawText();
                return digits.AsSpan().IndexOfAny('.', 'e', 'E') >= 0 ? json.GetDouble()
                    : TemplateBudget.Integer(BigInteger.Parse(digits, CultureInfo.InvariantCulture), 0);
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            case JsonValueKind.Array:
                return json.EnumerateArray().Select(item => From(item, depth + 1)).ToList();
            case JsonValueKind.Object:
                return FromPairs(json.EnumerateObject()
                    .Select(property => ((object)property.Name, (object?)property.Value)), depth);
            default:
                return null;
        }
    }
}
