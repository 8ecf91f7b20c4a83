using System.Text.Json;

namespace Seriatim.Training;

/// <summary>Reads the keys of a JSON object and remembers which were asked for: the rest is unknown.</summary>
internal sealed class RecipeReader(string name, JsonElement json)
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public bool Has(string key)
    {
        _known.Add(key);
        return json.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;
    }

    public bool IsObject(string key) => Has(key) && json.GetProperty(key).ValueKind == JsonValueKind.Object;

    public double Number(string key, double standard, double least = 0, double most = double.MaxValue)
    {
        if (!Has(key))
            return standard;
        JsonElement value = json.GetProperty(key);
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= least
            && number <= most
            ? number
            : throw Wrong(key, $"a number from {least} to {most}");
    }

    public long Whole(string key, long standard, long least = 0)
    {
        if (!Has(key))
            return standard;
        JsonElement value = json.GetProperty(key);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= least
            && number <= int.MaxValue
            ? number
            : throw Wrong(key, $"a whole number from {least} on");
    }

    public bool Flag(string key, bool standard) => !Has(key) ? standard : json.GetProperty(key).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, "true or false"),
    };

    public string? Text(string key) => !Has(key) ? null
        : json.GetProperty(key) is { ValueKind: JsonValueKind.String } value ? value.GetString() : throw Wrong(key, "a string");

    public string Needed(string key) => Text(key) ?? throw Missing(key);

    public T OneOf<T>(string key, T standard, params (string Name, T Value)[] choices)
    {
        if (Text(key) is not { } text)
            return standard;
        foreach ((string choice, T value) in choices)
        {
            if (choice == text)
                return value;
        }

        throw new RecipeException(
            $"{name}: \"{key}\" is \"{text}\"; it may be {string.Join(", ", choices.Select(c => c.Name))}.");
    }

    public IReadOnlyList<string> Texts(string key) => [.. Items(key).Select(i =>
        i.ValueKind == JsonValueKind.String ? i.GetString()! : throw Wrong(key, "a list of strings"))];

    public IEnumerable<RecipeReader> Objects(string key) => Items(key).Select((item, i) =>
        item.ValueKind == JsonValueKind.Object
            ? new RecipeReader($"{name}, {key}[{i}]", item)
            : throw Wrong(key, "a list of objects"));

    public RecipeReader? Object(string key) => !Has(key) ? null
        : json.GetProperty(key) is { ValueKind: JsonValueKind.Object } value ? new RecipeReader($"{name}, {key}", value)
        : throw Wrong(key, "an object");

    /// <summary>An object of strings; empty if there is none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Pairs(string key) => !Has(key) ? []
        : json.GetProperty(key) is { ValueKind: JsonValueKind.Object } value
            && value.EnumerateObject().All(p => p.Value.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetString()!))]
            : throw Wrong(key, "an object of strings");

    public byte[]? Json(string key) => Has(key) ? System.Text.Encoding.UTF8.GetBytes(json.GetProperty(key).GetRawText()) : null;

    /// <summary>Refuses keys nobody asked for.</summary>
    public void Complete()
    {
        string[] unknown = [.. json.EnumerateObject().Select(p => p.Name).Where(key => !_known.Contains(key))];
        if (unknown.Length > 0)
        {
            throw new RecipeException(
                $"{name} has keys that mean nothing here: {string.Join(", ", unknown.Select(Hint))}. Known are "
                    + $"{string.Join(", ", _known.Order(StringComparer.Ordinal))}.");
        }
    }

    /// <summary>A key that has to be there, or one that may stand for it; names what may have been meant.</summary>
    public RecipeException Missing(params string[] keys)
    {
        string[] others = [.. json.EnumerateObject().Select(p => p.Name).Except(keys)];
        string? near = keys.Select(key => NearestName.Find(key, others)).FirstOrDefault(found => found is not null);
        return new RecipeException($"{name} lacks {string.Join(" or ", keys.Select(key => $"\"{key}\""))}"
                + $"{(near is null ? "." : $"; is \"{near}\" meant for it?")}");
    }

    public RecipeException Wrong(string key, string wanted) =>
        new($"{name}: \"{key}\" is {json.GetProperty(key).GetRawText()}; {wanted} is needed.");

    private string Hint(string key) => NearestName.Find(key, _known) is { } near ? $"{key} (did you mean {near}?)" : key;

    private IEnumerable<JsonElement> Items(string key) => !Has(key) ? []
        : json.GetProperty(key) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : throw Wrong(key, "a list");
}
