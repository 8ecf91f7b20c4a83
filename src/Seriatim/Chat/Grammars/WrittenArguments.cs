using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Arguments of a tool in a form that is not JSON, by the tool's schema: the arguments it names, in its order, those that are not
/// required perhaps left out. A strict tool's keyword that is not enforced in this form is refused by its name; what another
/// tool's schema says and this form cannot hold is free.
/// </summary>
/// <param name="tool">The tool.</param>
internal sealed class WrittenArguments(ToolTerms tool)
{
    private static readonly string[] OfObjects = ["properties", "required", "additionalProperties"];
    private static readonly string[] OfValues = ["type", "enum", "const", "$id"];

    /// <summary>A schema that is used more than once, or within itself, is one rule.</summary>
    private readonly Dictionary<string, GrammarNode.Rule> _values = new(StringComparer.Ordinal);
    private GrammarNode.Rule? _free;

    /// <summary>The arguments one after another.</summary>
    /// <param name="member">Writes one.</param>
    /// <param name="value">Writes a value by its schema.</param>
    public GrammarNode Members(Func<string, GrammarNode, GrammarNode> member, Func<SchemaPlace, GrammarNode> value)
    {
        SchemaPlace root = SchemaPlace.Of(tool.Parameters).Follow();
        Allow(root.Schema, OfObjects);
        return Nodes.All(Properties(root).Select(property =>
        {
            GrammarNode node = member(property.Name, value(property.Place));
            return property.IsRequired ? node : Nodes.Maybe(node);
        }));
    }

    /// <summary>All of them in a notation.</summary>
    public GrammarNode Object(Notation notation) =>
        Object(notation, SchemaPlace.Of(tool.Parameters).Follow(), notation.Brackets, notation.Key);

    /// <summary>A string that stands there as it is: one of those that the schema names, or any.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="any">Any string.</param>
    /// <param name="text">Writes one.</param>
    public GrammarNode String(JsonElement schema, GrammarNode any, Func<string, GrammarNode> text)
    {
        Allow(schema);
        return Listed(schema) is { } values
            ? Nodes.One(values.Where(value => value.ValueKind == JsonValueKind.String).Select(value => text(value.GetString()!)))
            : any;
    }

    private GrammarNode Object(Notation notation, SchemaPlace place, (string Open, string Close) brackets,
        Func<string, string> key)
    {
        Allow(place.Schema, OfObjects);
        (GrammarNode Node, bool IsRequired)[] members = [.. Properties(place).Select(property =>
            (Rule(property.Name, Nodes.All(Nodes.Text(key(property.Name)), Value(notation, property.Place))),
                property.IsRequired))];

        // Two rules for each member: the members from here on where none stands before, and where one does.
        GrammarNode first = GrammarNode.Empty, more = GrammarNode.Empty, comma = Nodes.Text(notation.Comma);
        for (int i = members.Length - 1; i >= 0; i--)
        {
            (GrammarNode member, bool isRequired) = members[i];
            GrammarNode here = Nodes.All(member, more), next = Nodes.All(comma, member, more);
            first = Rule("members", isRequired ? here : Nodes.One(here, first));
            more = Rule("more members", isRequired ? next : Nodes.One(next, more));
        }

        return Nodes.All(Nodes.Text(brackets.Open), first, Nodes.Text(brackets.Close));
    }

    private GrammarNode.Rule Rule(string name, GrammarNode body)
    {
        GrammarNode.Rule rule = tool.Rules.Declare(name);
        tool.Rules.Define(rule, body);
        return rule;
    }

    private GrammarNode Value(Notation notation, SchemaPlace place)
    {
        place = place.Follow();
        if (_values.TryGetValue(place.Pointer, out GrammarNode.Rule? known))
            return known;
        GrammarNode.Rule rule = tool.Rules.Declare($"value at {place.Pointer}");
        _values.Add(place.Pointer, rule);
        tool.Rules.Define(rule, Body(notation, place));
        return rule;
    }

    private GrammarNode Body(Notation notation, SchemaPlace place)
    {
        JsonElement schema = place.Schema;
        if (schema.ValueKind == JsonValueKind.False)
        {
            Refuse("false", "a value that is forbidden");
            return Free(notation);
        }

        string? union = place.Member("anyOf") is not null ? "anyOf" : place.Member("oneOf") is not null ? "oneOf" : null;
        if (union is not null && place.Member(union) is { ValueKind: JsonValueKind.Array } choices)
        {
            // Which of oneOf are more than one at a time cannot be told here: without strictness, one of them is enough.
            AllowOnly(schema, "anyOf");
            return Nodes.One(choices.EnumerateArray()
                .Select((choice, index) => Value(notation, place.Below(choice, union, $"{index}"))).ToArray());
        }

        string[] types = Types(schema);
        if (Listed(schema) is { } values)
        {
            Allow(schema);
            return Nodes.One(values.Where(value => types.Length == 0 || types.Any(type => Fits(value, type)))
                .Select(value => Literal(notation, value)).ToArray());
        }

        if (types.Length == 0)
        {
            AllowOnly(schema);
            types = place.Member("properties") is not null ? ["object"] : place.Member("items") is not null ? ["array"] : [];
        }

        return types.Length == 0 ? Free(notation)
            : Nodes.One(types.Select(type => Value(notation, place, type, types.Length == 1)).ToArray());
    }

    private GrammarNode Value(Notation notation, SchemaPlace place, string type, bool isOnly)
    {
        switch (type)
        {
            case "string":
                return String(place.Schema, notation.AnyText, notation.Text);
            case "boolean":
                return Nodes.One(Nodes.Text(notation.Word(JsonValueKind.True)), Nodes.Text(notation.Word(JsonValueKind.False)));
            case "null":
                return Nodes.Text(notation.Word(JsonValueKind.Null));
            case "array":
                return Array(notation, place);
            case "object" when place.Member("properties") is null:
                return FreeObject(notation, place);
            case "object":
                return Object(notation, place, ("{", "}"), notation.InnerKey);
            default:
                return tool.Value(place, isOnly ? null : type);
        }
    }

    /// <summary>Any value.</summary>
    private GrammarNode Free(Notation notation)
    {
        if (_free is { } known)
            return known;
        _free = tool.Rules.Declare("any value");
        tool.Rules.Define(_free, Nodes.One(
            notation.AnyText,
            SchemaNodes.Of(tool.Rules, JsonElement.Parse("""{"type": "number"}""")),
            Nodes.Text(notation.Word(JsonValueKind.True)),
            Nodes.Text(notation.Word(JsonValueKind.False)),
            Nodes.Text(notation.Word(JsonValueKind.Null)),
            Nodes.All(Nodes.Text("["), List(notation, _free), Nodes.Text("]")),
            Nodes.All(Nodes.Text("{"), List(notation, Nodes.All(notation.AnyKey, _free)), Nodes.Text("}"))));
        return _free;
    }

    /// <summary>An object of which no property is named.</summary>
    private GrammarNode FreeObject(Notation notation, SchemaPlace place)
    {
        Allow(place.Schema, OfObjects);
        string[] required = Required(place);
        if (required.Length > 0)
            Refuse("required", $"{required[0]}, which is no property,");
        JsonElement? others = place.Member("additionalProperties");
        if (others is { ValueKind: JsonValueKind.False })
            return Nodes.Text("{}");
        GrammarNode value = others is { ValueKind: JsonValueKind.Object } schema
            ? Value(notation, place.Below(schema, "additionalProperties")) : Free(notation);
        return Nodes.All(Nodes.Text("{"), List(notation, Nodes.All(notation.AnyKey, value)), Nodes.Text("}"));
    }

    private static GrammarNode List(Notation notation, GrammarNode item) =>
        Nodes.Maybe(Nodes.All(item, Nodes.Many(Nodes.All(Nodes.Text(notation.Comma), item))));

    private GrammarNode Array(Notation notation, SchemaPlace place)
    {
        Allow(place.Schema, "items", "minItems", "maxItems");
        GrammarNode item = place.Member("items") is { } items && items.ValueKind != JsonValueKind.Array
            ? Value(notation, place.Below(items, "items")) : Free(notation);
        if (place.Member("items") is { ValueKind: JsonValueKind.Array })
            Refuse("items", "a list of schemas as items");
        int min = Count(place, "minItems") ?? 0;
        int? max = Count(place, "maxItems");
        if (max < min)
        {
            Refuse("maxItems", $"maxItems {max} below minItems {min}");
            max = null;
        }

        GrammarNode more = Nodes.All(Nodes.Text(notation.Comma), item);
        GrammarNode all = max == 0 ? GrammarNode.Empty
            : Nodes.All(item, new GrammarNode.Repeat(more, Math.Max(0, min - 1), max - 1));
        return Nodes.All(Nodes.Text("["), min == 0 ? Nodes.Maybe(all) : all, Nodes.Text("]"));
    }

    private int? Count(SchemaPlace place, string keyword)
    {
        if (place.Member(keyword) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.GetDouble() is var count and >= 0 and <= int.MaxValue
            && count == Math.Floor(count))
        {
            return (int)count;
        }

        Refuse(keyword, $"{keyword} {value.GetRawText()}, which is no count,");
        return null;
    }

    private static GrammarNode Literal(Notation notation, JsonElement value)
    {
        IEnumerable<GrammarNode> Separated(IEnumerable<GrammarNode> items) =>
            items.SelectMany((item, index) => index == 0 ? [item] : (GrammarNode[])[Nodes.Text(notation.Comma), item]);
        return value.ValueKind switch
        {
            JsonValueKind.String => notation.Text(value.GetString()!),
            JsonValueKind.Number => Nodes.Text(value.GetRawText()),
            JsonValueKind.Array => Nodes.All([Nodes.Text("["),
                .. Separated(value.EnumerateArray().Select(item => Literal(notation, item))), Nodes.Text("]")]),
            JsonValueKind.Object => Nodes.All([Nodes.Text("{"),
                .. Separated(value.EnumerateObject().Select(member =>
                    Nodes.All(Nodes.Text(notation.InnerKey(member.Name)), Literal(notation, member.Value)))), Nodes.Text("}")]),
            var word => Nodes.Text(notation.Word(word)),
        };
    }

    private static bool Fits(JsonElement value, string type) => type switch
    {
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number == Math.Floor(number),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "array" => value.ValueKind == JsonValueKind.Array,
        _ => value.ValueKind == JsonValueKind.Object,
    };

    private IEnumerable<(string Name, SchemaPlace Place, bool IsRequired)> Properties(SchemaPlace place)
    {
        string[] required = Required(place), names = place.PropertyNames;
        foreach (string name in required.Except(names))
            Refuse("required", $"{name}, which is no property,");
        foreach (string name in names)
            yield return (name, place.Property(name)!, required.Contains(name));
    }

    private static string[] Required(SchemaPlace place) => place.Member("required") is { ValueKind: JsonValueKind.Array } names
        ? [.. names.EnumerateArray().Select(name => name.GetString()!)] : [];

    private static IEnumerable<JsonElement>? Listed(JsonElement schema) =>
        schema.ValueKind != JsonValueKind.Object ? null
        : schema.TryGetProperty("enum", out JsonElement values) ? values.EnumerateArray()
        : schema.TryGetProperty("const", out JsonElement value) ? [value] : null;

    private static string[] Types(JsonElement schema) =>
        schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out JsonElement type) ? []
        : type.ValueKind == JsonValueKind.String ? [type.GetString()!]
        : [.. type.EnumerateArray().Select(name => name.GetString()!)];

    /// <summary>Requires that a schema says nothing but what is enforced.</summary>
    private void Allow(JsonElement schema, params string[] keywords) => AllowOnly(schema, [.. keywords, .. OfValues]);

    private void AllowOnly(JsonElement schema, params string[] keywords)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            return;
        foreach (JsonProperty member in schema.EnumerateObject())
        {
            if (!SchemaPlace.Notes.Contains(member.Name) && !keywords.Contains(member.Name))
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
