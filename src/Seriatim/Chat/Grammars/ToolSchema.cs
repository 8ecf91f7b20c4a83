using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Refuses what is no JSON Schema of arguments, whether it is enforced or only shown to the model.</summary>
internal static class ToolSchema
{
    private const int MaxDepth = 100;

    private static readonly string[] Types = ["string", "number", "integer", "boolean", "object", "array", "null"];
    private static readonly string[] Maps = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
    private static readonly string[] Lists = ["anyOf", "oneOf", "allOf", "prefixItems"];
    private static readonly string[] Single =
        ["items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"];
    private static readonly string[] Texts = ["$ref", "pattern", "format", "title", "description"];
    private static readonly string[] Counts =
        ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];

    /// <summary>Checks the schema of a tool.</summary>
    /// <exception cref="GrammarException">It is none; where and why.</exception>
    public static void Check(ChatTool tool)
    {
        JsonElement schema = tool.Parameters;
        if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out JsonElement type)
            && !(type.ValueKind == JsonValueKind.String && type.ValueEquals("object")))
        {
            throw Refused(tool, "/type", $"it is {type.GetRawText()}; arguments are an \"object\"");
        }

        if (schema.ValueKind != JsonValueKind.Object)
            throw Refused(tool, "",
                $"it is {Kind(schema)}; a JSON object is needed, e.g. {{\"type\": \"object\", \"properties\": {{}}}}");
        Check(tool, schema, "", 0);
    }

    private static void Check(ChatTool tool, JsonElement schema, string place, int depth)
    {
        if (depth > MaxDepth)
            throw Refused(tool, place, $"it nests deeper than {MaxDepth} levels");
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return;
        if (schema.ValueKind != JsonValueKind.Object)
            throw Refused(tool, place, $"it is {Kind(schema)}; a schema is an object, true or false");
        foreach (JsonProperty member in schema.EnumerateObject())
            CheckMember(tool, member.Name, member.Value, $"{place}/{member.Name}", depth + 1);
    }

    private static void CheckMember(ChatTool tool, string keyword, JsonElement value, string place, int depth)
    {
        if (keyword == "type")
        {
            JsonElement[] named = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
            if (named.Length == 0 || named.Any(type =>
                type.ValueKind != JsonValueKind.String || !Types.Contains(type.GetString())))
                throw Refused(tool, place, $"{value.GetRawText()} is no type; there are {string.Join(", ", Types)}");
        }
        else if (Maps.Contains(keyword))
        {
            Need(tool, place, value, JsonValueKind.Object);
            foreach (JsonProperty member in value.EnumerateObject())
                Check(tool, member.Value, $"{place}/{member.Name}", depth);
        }
        else if (Lists.Contains(keyword) || (keyword == "items" && value.ValueKind == JsonValueKind.Array))
        {
            Need(tool, place, value, JsonValueKind.Array);
            foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
                Check(tool, item, $"{place}/{index}", depth);
        }
        else if (Single.Contains(keyword))
        {
            Check(tool, value, place, depth);
        }
        else if (keyword == "required")
        {
            Need(tool, place, value, JsonValueKind.Array);
            if (value.EnumerateArray().Any(name => name.ValueKind != JsonValueKind.String))
                throw Refused(tool, place, "it is a list of names");
        }
        else if (keyword == "enum")
        {
            Need(tool, place, value, JsonValueKind.Array);
        }
        else if (Texts.Contains(keyword))
        {
            Need(tool, place, value, JsonValueKind.String);
        }
        else if (Counts.Contains(keyword) && !(value.ValueKind == JsonValueKind.Number && value.GetDouble() >= 0))
        {
            throw Refused(tool, place, $"it is {value.GetRawText()}; a number from 0 is needed");
        }
    }

    private static void Need(ChatTool tool, string place, JsonElement value, JsonValueKind kind)
    {
        if (value.ValueKind != kind)
            throw Refused(tool, place, $"it is {Kind(value)}; {kind.ToString().ToLowerInvariant()} is needed");
    }

    private static string Kind(JsonElement value) =>
        value.ValueKind == JsonValueKind.Undefined ? "missing" : value.ValueKind.ToString().ToLowerInvariant();

    private static GrammarException Refused(ChatTool tool, string place, string problem) =>
        new($"Schema of the tool {tool.Name}", place, problem);
}
