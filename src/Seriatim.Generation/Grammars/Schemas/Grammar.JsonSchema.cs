using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Generation;

public sealed partial class Grammar
{
    /// <summary>
    /// A JSON text that is valid by a JSON Schema (drafts 4, 6, 7, 2019-09, 2020-12). What the schema says and no grammar can
    /// enforce is refused by its keyword. Known keys come in the order of the schema, all others after them.
    /// </summary>
    /// <param name="schema">The schema, as JSON text.</param>
    /// <param name="options">How it is read; null: by the defaults.</param>
    /// <exception cref="GrammarException">
    /// It is no JSON, no schema, cannot be enforced (<see cref="GrammarException.Keyword"/>), or allows no value.
    /// </exception>
    public static Grammar JsonSchema(string schema, JsonSchemaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        options ??= new JsonSchemaOptions();
        if (options.Unchecked.FirstOrDefault(keyword => !SchemaKeywords.Constrains(keyword)) is { } unknown)
            throw new GrammarException("JSON Schema", "", $"Unchecked names {unknown}, which is no keyword that constrains.");
        SchemaDocument document = SchemaDocument.Parse(schema, options.Documents);
        GrammarRules rules;
        try
        {
            rules = LanguageWork.Counted(() => SchemaWriter.Write(new SchemaTypes(document, options), options.Spacing)).Result;
        }
        catch (Exception e) when (e is CannotExpressException or LanguageTooLargeException or InsufficientExecutionStackException)
        {
            throw SchemaDocument.Error("", null, $"it cannot be enforced: {e.Message}");
        }

        return new Grammar("json_schema", SourceOf(schema, options), rules);
    }

    /// <summary>Any JSON object, or any JSON value.</summary>
    /// <param name="anyValue">Whether arrays, numbers, strings and the like may be the whole answer too.</param>
    /// <param name="spacing">The blanks between the parts.</param>
    public static Grammar Json(bool anyValue = false, JsonSpacing spacing = JsonSpacing.Blank)
    {
        var options = new JsonSchemaOptions { Spacing = spacing };
        SchemaDocument document = SchemaDocument.Parse(anyValue ? "true" : "{\"type\":\"object\"}", options.Documents);
        GrammarRules rules = SchemaWriter.Write(new SchemaTypes(document, options), spacing);
        return new Grammar(anyValue ? "json_value" : "json_object", spacing.ToString(), rules);
    }

    /// <summary>The grammar of a saved <c>json_schema</c>.</summary>
    internal static Grammar FromJsonSchemaSource(string source)
    {
        using JsonDocument saved = JsonDocument.Parse(source);
        JsonElement root = saved.RootElement;
        return JsonSchema(root.GetProperty("schema").GetString()!, new JsonSchemaOptions
        {
            AssertFormats = root.GetProperty("assertFormats").GetBoolean(),
            AdditionalPropertiesByDefault = root.GetProperty("additionalPropertiesByDefault").GetBoolean(),
            Spacing = Enum.Parse<JsonSpacing>(root.GetProperty("spacing").GetString()!),
            Documents = root.GetProperty("documents").EnumerateObject()
                .ToImmutableDictionary(pair => pair.Name, pair => pair.Value.GetString()!),
            Unchecked = [.. root.GetProperty("unchecked").EnumerateArray().Select(keyword => keyword.GetString()!)],
        });
    }

    private static string SourceOf(string schema, JsonSchemaOptions options) => new JsonObject
    {
        ["schema"] = schema,
        ["assertFormats"] = options.AssertFormats,
        ["additionalPropertiesByDefault"] = options.AdditionalPropertiesByDefault,
        ["spacing"] = options.Spacing.ToString(),
        ["documents"] = new JsonObject(options.Documents.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        ["unchecked"] = new JsonArray([.. options.Unchecked.Select(keyword => (JsonNode)keyword)]),
    }.ToJsonString();
}
