using System.Text.Json;

namespace Seriatim;

/// <summary>
/// JSON in a text, from a client or a model: no text in it that is not Unicode, so that whoever reads it later finds nothing that
/// cannot be read. What a client sends has no name twice and no endless nesting, as the body around it.
/// </summary>
internal static class JsonText
{
    /// <summary>The deepest nesting of JSON in a text.</summary>
    private const int Depth = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = Depth, AllowDuplicateProperties = false };

    /// <summary>Reads a JSON object in a client's text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="json">The object.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParseObject(string text, out JsonElement json)
    {
        try
        {
            json = JsonElement.Parse(text, Options);
            return json.ValueKind == JsonValueKind.Object && HasWholeTexts(json);
        }
        catch (JsonException)
        {
            json = default;
            return false;
        }
    }

    /// <summary>
    /// Whether the names and texts of JSON in a text can be read. True where it is no JSON at all: whoever reads it says so.
    /// </summary>
    public static bool IsReadable(string text)
    {
        if (!text.Contains("\\u", StringComparison.Ordinal))
            return true;
        try
        {
            return HasWholeTexts(JsonElement.Parse(text));
        }
        catch (JsonException)
        {
            return true;
        }
    }

    /// <summary>Whether all names and texts can be read: none has half of a surrogate pair in it.</summary>
    public static bool HasWholeTexts(JsonElement json)
    {
        try
        {
            Walk(json);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void Walk(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                json.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in json.EnumerateArray())
                    Walk(item);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in json.EnumerateObject())
                {
                    _ = property.Name;
                    Walk(property.Value);
                }

                break;
        }
    }
}
