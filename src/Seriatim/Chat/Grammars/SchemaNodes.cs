using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>Grammars as parts of a larger one.</summary>
internal static class SchemaNodes
{
    /// <summary>Any JSON value of a schema.</summary>
    /// <exception cref="GrammarException">It cannot be enforced.</exception>
    public static GrammarNode Of(GrammarRules rules, JsonElement schema) =>
        Import(rules, Grammar.JsonSchema(schema.GetRawText()).Rules);

    /// <summary>Any arguments of a schema: those that it names, and others only if it says so.</summary>
    /// <exception cref="GrammarException">It cannot be enforced.</exception>
    public static GrammarNode Arguments(GrammarRules rules, JsonElement schema)
    {
        bool isEmpty = schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out JsonElement properties)
            && !properties.EnumerateObject().Any() && !schema.TryGetProperty("additionalProperties", out _)
            && !schema.TryGetProperty("patternProperties", out _);
        if (isEmpty)
            return Nodes.Text("{}");
        var closed = new JsonSchemaOptions { AdditionalPropertiesByDefault = false };
        return Import(rules, Grammar.JsonSchema(schema.GetRawText(), closed).Rules);
    }

    /// <summary>Any JSON value.</summary>
    public static GrammarNode Value(GrammarRules rules) => Import(rules, Grammar.Json(anyValue: true).Rules);

    /// <summary>Any JSON object.</summary>
    public static GrammarNode Object(GrammarRules rules) => Import(rules, Grammar.Json().Rules);

    /// <summary>Takes rules of another grammar over.</summary>
    /// <returns>What stands for its start.</returns>
    public static GrammarNode Import(GrammarRules rules, GrammarRules other)
    {
        GrammarNode.Rule[] map = [.. Enumerable.Range(0, other.Count).Select(rule => rules.Declare(other.NameOf(rule)))];
        for (int i = 0; i < map.Length; i++)
            rules.Define(map[i], Copy(other[i], map));
        return map[0];
    }

    private static GrammarNode Copy(GrammarNode node, GrammarNode.Rule[] map) => node switch
    {
        GrammarNode.Rule rule => map[rule.Index],
        GrammarNode.Sequence all => new GrammarNode.Sequence([.. all.Parts.Select(part => Copy(part, map))]),
        GrammarNode.Choice any => new GrammarNode.Choice([.. any.Alternatives.Select(part => Copy(part, map))]),
        GrammarNode.Repeat many => many with { Body = Copy(many.Body, map) },
        _ => node,
    };
}
