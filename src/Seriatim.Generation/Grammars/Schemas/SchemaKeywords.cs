using System.Text.Json;

namespace Seriatim.Generation;

/// <summary>The keywords of JSON Schema: which ones constrain, and which unknown ones look like them.</summary>
internal static class SchemaKeywords
{
    private static readonly HashSet<string> Constraints =
    [
        "$dynamicRef", "$recursiveRef", "$ref", "additionalItems", "additionalProperties", "allOf", "anyOf", "const", "contains",
        "contentEncoding", "contentMediaType",
        "dependencies", "dependentRequired", "dependentSchemas", "else", "enum", "exclusiveMaximum", "exclusiveMinimum", "format",
        "if", "items", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains", "minItems", "minLength",
        "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern", "patternProperties", "prefixItems", "properties",
        "propertyNames", "required", "then", "type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems",
    ];

    /// <summary>All keywords that constrain, in the order of their names.</summary>
    public static IEnumerable<string> All => Constraints.Order(StringComparer.Ordinal);

    /// <summary>Whether a keyword says what values may be.</summary>
    public static bool Constrains(string keyword) => Constraints.Contains(keyword);

    /// <summary>
    /// Refuses a keyword that is none but looks like one (another case, one letter more, less or other): the specification
    /// makes it a
    /// note, its writer hardly meant one.
    /// </summary>
    public static void Check(SchemaNode node)
    {
        foreach (JsonProperty property in node.Element.EnumerateObject())
        {
            string name = property.Name;
            if (name.Length < 4 || Constraints.Contains(name) || IsNote(name))
                continue;
            if (Constraints.FirstOrDefault(keyword => keyword.Length >= 4 && IsNear(name, keyword)) is { } meant)
            {
                throw SchemaDocument.Error(node.Pointer, name, $"{name} is no keyword; {meant} may be meant. Correct it, or put "
                    + "x- before a note of your own.");
            }
        }
    }

    private static bool IsNote(string name) =>
        name is "example" or "examples" or "default" or "title" or "$defs" or "definitions" or "id";

    private static bool IsNear(string name, string keyword)
    {
        if (Math.Abs(name.Length - keyword.Length) > 1)
            return false;
        if (string.Equals(name, keyword, StringComparison.OrdinalIgnoreCase))
            return true;
        int start = 0, end = 0, least = Math.Min(name.Length, keyword.Length);
        while (start < least && name[start] == keyword[start])
            start++;
        while (end < least - start && name[^(end + 1)] == keyword[^(end + 1)])
            end++;
        return start + end >= Math.Max(name.Length, keyword.Length) - 1;
    }
}
