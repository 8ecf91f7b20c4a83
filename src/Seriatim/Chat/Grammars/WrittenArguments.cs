using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Arguments of a tool in a form that is not JSON, by the tool's schema: the arguments it names, in its order, those that are not
/// required perhaps left out. A strict tool's keyword that is not enforced in this form is refused by its name.
/// </summary>
/// <param name="tool">The tool.</param>
internal sealed class WrittenArguments(ToolTerms tool)
{
    private static readonly string[] Notes =
        ["type", "title", "description", "default", "examples", "$schema", "$comment", "$id", "enum", "const"];

    /// <summary>The arguments one after another.</summary>
    /// <param name="member">Writes one.</param>
    /// <param name="value">Writes a value by its schema.</param>
    public GrammarNode Members(Func<string, GrammarNode, GrammarNode> member, Func<JsonElement, GrammarNode> value)
    {
        Allow(tool.Parameters, "properties", "required", "additionalProperties", "$defs", "definitions");
        return Nodes.All(Properties(tool.Parameters).Select(property =>
        {
            GrammarNode node = member(property.Name, value(property.Schema));
            return property.IsRequired ? node : Nodes.Maybe(node);
        }));
    }

    /// <summary>All of them in a notation.</summary>
    public GrammarNode Object(Notation notation) => Object(notation, tool.Parameters, notation.Brackets, notation.Key);

    /// <summary>A string that stands there as it is: one of those that the schema names, or any.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="any">Any string.</param>
    /// <param name="text">Writes one.</param>
    public GrammarNode String(JsonElement schema, GrammarNode any, Func<string, GrammarNode> text)
    {
        if (Listed(schema) is { } values)
        {
            return Nodes.One(values.Where(value => value.ValueKind == JsonValueKind.String)
                .Select(value => text(value.GetString()!)));
        }

        Allow(schema);
        return any;
    }

    private GrammarNode Object(Notation notation, JsonElement schema, (string Open, string Close) brackets,
        Func<string, string> key)
    {
        Allow(schema, "properties", "required", "additionalProperties", "$defs", "definitions");
        var members = Properties(schema)
            .Select(property => (Node: Nodes.All(Nodes.Text(key(property.Name)), Value(notation, property.Schema)),
                property.IsRequired))
            .ToArray();
        GrammarNode inner = GrammarNode.Empty, comma = Nodes.Text(notation.Comma);
        for (int i = members.Length - 1; i >= 0; i--)
        {
            GrammarNode first = Nodes.All(members[(i + 1)..]
                .Select(member => (Node: Nodes.All(comma, member.Node), member.IsRequired))
                .Select(member => member.IsRequired ? member.Node : Nodes.Maybe(member.Node)).Prepend(members[i].Node));
            inner = members[i].IsRequired ? first : Nodes.One(first, inner);
        }

        return Nodes.All(Nodes.Text(brackets.Open), inner, Nodes.Text(brackets.Close));
    }

    private GrammarNode Value(Notation notation, JsonElement schema)
    {
        if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("anyOf", out JsonElement choices))
        {
            Allow(schema, "anyOf");
            return Nodes.One(choices.EnumerateArray().Select(choice => Value(notation, choice)));
        }

        if (Listed(schema) is { } values)
            return Nodes.One(values.Select(value => Literal(notation, value)));
        string[] types = Types(schema);
        if (types.Length == 0)
        {
            Refuse("type", "a value without a type");
            types = ["string", "number", "boolean", "null"];
        }

        return Nodes.One(types.Select(type => Value(notation, schema, type)));
    }

    private GrammarNode Value(Notation notation, JsonElement schema, string type)
    {
        switch (type)
        {
            case "string":
                return String(schema, notation.AnyText, notation.Text);
            case "boolean":
                return Nodes.One(Nodes.Text(notation.Word(JsonValueKind.True)), Nodes.Text(notation.Word(JsonValueKind.False)));
            case "null":
                return Nodes.Text(notation.Word(JsonValueKind.Null));
            case "array":
                return Array(notation, schema);
            case "object":
                return Object(notation, schema, ("{", "}"), notation.InnerKey);
            default:
                return tool.Node(schema);
        }
    }

    private GrammarNode Array(Notation notation, JsonElement schema)
    {
        Allow(schema, "items", "minItems", "maxItems");
        GrammarNode item = schema.TryGetProperty("items", out JsonElement items)
            ? Value(notation, items) : Value(notation, JsonElement.Parse("{}"));
        int min = schema.TryGetProperty("minItems", out JsonElement least) ? least.GetInt32() : 0;
        int? max = schema.TryGetProperty("maxItems", out JsonElement most) ? most.GetInt32() : null;
        GrammarNode more = Nodes.All(Nodes.Text(notation.Comma), item);
        GrammarNode all = max == 0 ? GrammarNode.Empty
            : Nodes.All(item, new GrammarNode.Repeat(more, Math.Max(0, min - 1), max - 1));
        return Nodes.All(Nodes.Text("["), min == 0 ? Nodes.Maybe(all) : all, Nodes.Text("]"));
    }

    private GrammarNode Literal(Notation notation, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return notation.Text(value.GetString()!);
            case JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null:
                return Nodes.Text(notation.Word(value.ValueKind));
            case JsonValueKind.Number:
                return Nodes.Text(value.GetRawText());
            default:
                Refuse("enum", "a list or an object as a value");
                return Nodes.Text(notation.Word(JsonValueKind.Null));
        }
    }

    private IEnumerable<(string Name, JsonElement Schema, bool IsRequired)> Properties(JsonElement schema)
    {
        if (!schema.TryGetProperty("properties", out JsonElement properties))
            yield break;
        string[] required = schema.TryGetProperty("required", out JsonElement names)
            ? [.. names.EnumerateArray().Select(name => name.GetString()!)] : [];
        foreach (string name in required.Where(name => !properties.TryGetProperty(name, out _)))
            Refuse("required", $"{name}, which is no property,");
        foreach (JsonProperty property in properties.EnumerateObject())
            yield return (property.Name, property.Value, required.Contains(property.Name));
    }

    private static IEnumerable<JsonElement>? Listed(JsonElement schema) =>
        schema.ValueKind != JsonValueKind.Object ? null
        : schema.TryGetProperty("enum", out JsonElement values) ? values.EnumerateArray()
        : schema.TryGetProperty("const", out JsonElement value) ? [value] : null;

    private static string[] Types(JsonElement schema) =>
        schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out JsonElement type) ? []
        : type.ValueKind == JsonValueKind.String ? [type.GetString()!]
        : [.. type.EnumerateArray().Select(name => name.GetString()!)];

    /// <summary>Requires that a schema says nothing but what is enforced.</summary>
    private void Allow(JsonElement schema, params string[] keywords)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            return;
        foreach (JsonProperty member in schema.EnumerateObject())
        {
            if (!Notes.Contains(member.Name) && !keywords.Contains(member.Name))
                Refuse(member.Name, member.Name);
        }
    }

    private void Refuse(string keyword, string what)
    {
        if (!tool.IsStrict)
            return;
        throw new GrammarException($"Schema of the strict tool {tool.Name}", "",
            $"{what} cannot be enforced in the form in which this model writes calls. Take it out, or strict.")
        {
            Keyword = keyword,
        };
    }
}
