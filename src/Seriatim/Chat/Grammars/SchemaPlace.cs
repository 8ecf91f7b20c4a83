using System.Text.Json;

namespace Seriatim;

/// <summary>A schema inside a document, so that its references can be followed.</summary>
/// <param name="Root">The document.</param>
/// <param name="Schema">The schema.</param>
/// <param name="Pointer">Where it stands: a JSON pointer.</param>
internal sealed record SchemaPlace(JsonElement Root, JsonElement Schema, string Pointer)
{
    private const int MostSteps = 32;

    /// <summary>What only describes.</summary>
    public static IReadOnlyList<string> Notes { get; } =
        ["title", "description", "default", "examples", "deprecated", "$schema", "$comment", "$defs", "definitions"];

    /// <summary>A whole document.</summary>
    public static SchemaPlace Of(JsonElement root) => new(root, root, "");

    /// <summary>Names of its properties.</summary>
    public string[] PropertyNames => Follow().Member("properties") is { ValueKind: JsonValueKind.Object } all
        ? [.. all.EnumerateObject().Select(property => property.Name)] : [];

    /// <summary>A keyword's value; null: it is not there.</summary>
    public JsonElement? Member(string keyword) =>
        Schema.ValueKind == JsonValueKind.Object && Schema.TryGetProperty(keyword, out JsonElement value) ? value : null;

    /// <summary>A property; null: there is none of this name.</summary>
    public SchemaPlace? Property(string name)
    {
        SchemaPlace place = Follow();
        return place.Member("properties") is { ValueKind: JsonValueKind.Object } all
            && all.TryGetProperty(name, out JsonElement schema) ? place.Below(schema, "properties", name) : null;
    }

    /// <summary>A schema below this one.</summary>
    public SchemaPlace Below(JsonElement schema, params IEnumerable<string> keys) =>
        new(Root, schema, Pointer + string.Concat(keys.Select(key => $"/{Escape(key)}")));

    /// <summary>
    /// What it stands for, where it is nothing but a reference within the document, or a list of one schema; else itself.
    /// </summary>
    public SchemaPlace Follow()
    {
        SchemaPlace place = this;
        for (int i = 0; i < MostSteps && place.Next() is { } next; i++)
            place = next;
        return place;
    }

    private SchemaPlace? Next()
    {
        if (Schema.ValueKind != JsonValueKind.Object)
            return null;
        string[] keywords = [.. Schema.EnumerateObject().Select(member => member.Name).Except(Notes)];
        return keywords switch
        {
            ["$ref"] when Member("$ref") is { ValueKind: JsonValueKind.String } reference => At(reference.GetString()!),
            ["allOf"] when Member("allOf") is { ValueKind: JsonValueKind.Array } all && all.GetArrayLength() == 1
                => Below(all[0], "allOf", "0"),
            _ => null,
        };
    }

    private SchemaPlace? At(string reference)
    {
        // A schema with an address of its own would be the base of the reference, not the document.
        if (!reference.StartsWith('#') || (reference.Length > 1 && reference[1] != '/') || HasAddresses(Root))
            return null;
        JsonElement schema = Root;
        string pointer = Uri.UnescapeDataString(reference[1..]);
        foreach (string step in pointer.Split('/').Skip(1))
        {
            string key = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            bool isThere = schema.ValueKind == JsonValueKind.Object ? schema.TryGetProperty(key, out schema)
                : schema.ValueKind == JsonValueKind.Array && int.TryParse(key, out int index) && index >= 0
                    && index < schema.GetArrayLength() && (schema = schema[index]).ValueKind != JsonValueKind.Undefined;
            if (!isThere)
                return null;
        }

        return new SchemaPlace(Root, schema, pointer);
    }

    private static bool HasAddresses(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Any(member => member.Name == "$id" || HasAddresses(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().Any(HasAddresses),
        _ => false,
    };

    private static string Escape(string key) =>
        key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
