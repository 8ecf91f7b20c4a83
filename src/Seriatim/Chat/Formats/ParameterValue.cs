using System.Text;
using System.Text.Json;

namespace Seriatim;

/// <summary>
/// A value between marks, as JSON by what the tool's schema says of it: the text itself where it is a string, else JSON, and a
/// string if it is none. One line break at each end belongs to the marks.
/// </summary>
/// <param name="schema">The schema of the tool's arguments.</param>
/// <param name="key">The argument.</param>
/// <param name="put">Takes the JSON text.</param>
internal sealed class ParameterValue(JsonElement schema, string key, Action<string> put)
{
    private readonly StringBuilder _raw = new();
    private readonly bool _isText = IsText(schema, key);
    private string _break = "";
    private bool _begun, _opened;

    /// <summary>Whether its end has been found.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>More of the value.</summary>
    public void Put(string text)
    {
        if (!_begun)
            text = text.StartsWith('\n') ? text[1..] : text;
        _begun = true;
        text = _break + text;
        _break = text.EndsWith('\n') ? "\n" : "";
        text = text[..^_break.Length];
        if (_isText && text.Length > 0)
            Send(AnswerJson.Inner(text));
        else
            _raw.Append(text);
    }

    /// <summary>The value is complete.</summary>
    public void End()
    {
        IsComplete = true;
        if (_isText)
            Send("", "\"");
        else
            put(Json($"{_raw}".Trim()) ?? AnswerJson.Text($"{_raw}"));
    }

    private void Send(string text, string end = "")
    {
        put((_opened ? "" : "\"") + text + end);
        _opened = true;
    }

    private static string? Json(string text)
    {
        try
        {
            JsonElement.Parse(text);
            return text;
        }
        catch (JsonException)
        {
            return text is "True" or "False" or "None" ? (text == "None" ? "null" : text.ToLowerInvariant()) : null;
        }
    }

    private static bool IsText(JsonElement schema, string key) =>
        SchemaPlace.Of(schema).Property(key) is { } property && IsText(property);

    /// <summary>Whether nothing but a string is allowed.</summary>
    public static bool IsText(SchemaPlace place) => IsText(place.Follow().Schema);

    private static bool IsText(JsonElement property) =>
        property.ValueKind == JsonValueKind.Object && (property.TryGetProperty("type", out JsonElement type)
        ? type.ValueKind == JsonValueKind.String && type.ValueEquals("string")
        : property.TryGetProperty("enum", out JsonElement values) && values.ValueKind == JsonValueKind.Array
            && values.EnumerateArray().All(value => value.ValueKind == JsonValueKind.String));
}
