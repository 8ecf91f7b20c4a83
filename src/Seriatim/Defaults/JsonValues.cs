using System.Globalization;
using System.Text.Json;
using Seriatim.Formats;

namespace Seriatim;

/// <summary>
/// Takes values out of a JSON object and checks them; errors name file, key and value. Remembers which keys were asked for.
/// </summary>
internal sealed class JsonValues(string path, JsonElement root)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Keys that are there, are not null and that nobody asked for.</summary>
    public IEnumerable<JsonProperty> Rest =>
        root.EnumerateObject()
            .Where(property => property.Value.ValueKind != JsonValueKind.Null && !_asked.Contains(property.Name));

    /// <summary>The value of a key; null if it is missing or null.</summary>
    public JsonElement? Find(string key)
    {
        _asked.Add(key);
        return root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public bool? Flag(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(key, other, "true or false is needed"),
    };

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public double? Number(string key, double least, double most, bool above = false)
    {
        if (Find(key) is not { } element)
            return null;
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && value >= least && value <= most
            && (value > least || !above))
        {
            return value;
        }
        string range = most == float.MaxValue
            ? $"a finite number, {Say(least)} or more"
            : $"a number from {Say(least)} to {Say(most)}";
        throw Wrong(key, element, above ? $"{range}, but not {Say(least)}, is needed" : $"{range} is needed");
    }

    /// <summary>A whole number of at least <paramref name="least"/>; Python writes some as 50.0.</summary>
    public int? Whole(string key, int least, int most = int.MaxValue)
    {
        if (Find(key) is not { } element)
            return null;
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && value >= least && value <= most
            && value == Math.Truncate(value))
        {
            return (int)value;
        }
        throw Wrong(key, element,
            most == int.MaxValue
                ? $"a whole number, {least} or more, is needed"
                : $"a whole number from {least} to {most} is needed");
    }

    /// <summary>One token id, or a list of them; null if the key is missing.</summary>
    public int[]? Ids(string key, int vocabulary) => Find(key) is not { } element ? null
        : element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().Select(id => Id(key, id, vocabulary))]
        : [Id(key, element, vocabulary)];

    public int? OneId(string key, int vocabulary) => Find(key) is { } element ? Id(key, element, vocabulary) : null;

    public int[][]? IdLists(string key, int vocabulary) =>
        List(key)?.Select(word => IdList(key, word, vocabulary)).ToArray();

    /// <summary>A list; null if the key is missing.</summary>
    public IEnumerable<JsonElement>? List(string key) => Find(key) is not { } element ? null
        : element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : throw Wrong(key, element, "a list is needed");

    public int[] IdList(string key, JsonElement element, int vocabulary) =>
        element.ValueKind == JsonValueKind.Array && element.GetArrayLength() > 0
            ? [.. element.EnumerateArray().Select(id => Id(key, id, vocabulary))]
            : throw Wrong(key, element, "a list of token ids is needed");

    /// <summary>One text, or a list of them.</summary>
    public string[]? Texts(string key)
    {
        if (Find(key) is not { } element)
            return null;
        JsonElement[] texts = element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray()] : [element];
        return [.. texts.Select(text => text.ValueKind == JsonValueKind.String && text.GetString() is { Length: > 0 } value
            ? value : throw Wrong(key, text, "a text that is not empty, or a list of such, is needed"))];
    }

    public ModelFormatException Wrong(string key, JsonElement value, string needed)
    {
        string raw = value.GetRawText();
        return new ModelFormatException(path, $"{key} is {(raw.Length > 80 ? $"{raw[..80]}…" : raw)}; {needed}.",
            "Correct the file.");
    }

    private int Id(string key, JsonElement id, int vocabulary) =>
        id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value) && value >= 0 && value < vocabulary
            ? value : throw Wrong(key, id, $"token ids 0 to {vocabulary - 1} are needed");

    private static string Say(double value) => value.ToString(CultureInfo.InvariantCulture);
}
