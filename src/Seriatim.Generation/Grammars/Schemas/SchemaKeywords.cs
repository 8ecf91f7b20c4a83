using System.Collections.Immutable;
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

    /// <summary>
    /// The drafts that know a keyword, of those that have no effect in others, and what to write there. The rest of the keywords
    /// are enforced in every draft, also in one that is older than they are.
    /// </summary>
    private static readonly Dictionary<string, (int First, int Last, string Instead)> Drafts = new(StringComparer.Ordinal)
    {
        ["$dynamicRef"] = (2020, 2020, "Write $ref"),
        ["$recursiveRef"] = (2019, 2019, "Write $ref or $dynamicRef"),
        ["additionalItems"] = (4, 2019, "Write items beside prefixItems"),
        ["contains"] = (6, 2020, "Leave it away"),
        ["maxContains"] = (2019, 2020, "Leave it away"),
        ["minContains"] = (2019, 2020, "Leave it away"),
        ["prefixItems"] = (2020, 2020, "Write a list under items"),
        ["unevaluatedItems"] = (2019, 2020, "Write additionalItems"),
        ["unevaluatedProperties"] = (2019, 2020, "Write additionalProperties"),
    };

    /// <summary>All keywords that constrain, in the order of their names.</summary>
    public static IEnumerable<string> All => Constraints.Order(StringComparer.Ordinal);

    /// <summary>Whether a keyword says what values may be.</summary>
    public static bool Constrains(string keyword) => Constraints.Contains(keyword);

    /// <summary>
    /// Refuses a keyword that is none but looks like one (another case, one letter more, less or other), and one that the
    /// schema's draft does not know: the specification makes them notes, their writer hardly meant one.
    /// </summary>
    /// <param name="node">The schema.</param>
    /// <param name="unchecked_">Keywords that the caller checks himself.</param>
    public static void Check(SchemaNode node, ImmutableArray<string> unchecked_)
    {
        int draft = node.Resource.Draft;
        // Up to draft 7, what stands beside $ref is ignored, whatever it is: the official suite wants it so.
        bool ignored = draft <= 7 && node.Element.TryGetProperty("$ref", out _);
        foreach (JsonProperty property in node.Element.EnumerateObject())
        {
            string name = property.Name;
            if (!ignored && Drafts.TryGetValue(name, out var known) && (draft < known.First || draft > known.Last)
                && !unchecked_.Contains(name))
            {
                throw SchemaDocument.Error(node.Pointer, name, $"{name} is no keyword of draft {Name(draft)}: it would have no "
                    + $"effect. {known.Instead}, or name {(known.First > draft ? "a later" : "an earlier")} draft in $schema.");
            }
            if (name.Length < 4 || Constraints.Contains(name) || IsNote(name))
                continue;
            if (Constraints.FirstOrDefault(keyword => keyword.Length >= 4 && IsNear(name, keyword)) is { } meant)
            {
                throw SchemaDocument.Error(node.Pointer, name, $"{name} is no keyword; {meant} may be meant. Correct it, or put "
                    + "x- before a note of your own.");
            }
        }
    }

    private static string Name(int draft) => draft switch { 2019 => "2019-09", 2020 => "2020-12", _ => $"{draft}" };

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
