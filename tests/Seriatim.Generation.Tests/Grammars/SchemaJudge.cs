using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>Another's opinion of instances: JsonSchema.Net.</summary>
internal sealed class SchemaJudge
{
    private readonly JsonSchema _schema;

    public SchemaJudge(SchemaSuite.Case one)
    {
        string schema = Spelled(one.Schema);
        string? draft = JsonDocument.Parse(schema).RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("$schema", out JsonElement name) ? name.GetString() : null;
        var options = new BuildOptions
        {
            SchemaRegistry = new SchemaRegistry(),
            Dialect = draft switch
            {
                null => Dialect.Draft202012,
                _ when draft.Contains("2020-12", StringComparison.Ordinal) => Dialect.Draft202012,
                _ when draft.Contains("2019-09", StringComparison.Ordinal) => Dialect.Draft201909,
                _ when draft.Contains("draft-06", StringComparison.Ordinal) => Dialect.Draft06,
                _ => Dialect.Draft07,
            },
        };
        foreach ((string address, string document) in one.Options.Documents)
        {
            if (one.Schema.Contains("localhost:1234", StringComparison.Ordinal)
                && !document.Contains("$vocabulary", StringComparison.Ordinal))
                JsonSchema.FromText(document, options, new Uri(address));
        }
        _schema = JsonSchema.FromText(schema, options);
    }

    /// <summary>
    /// Patterns so that the regular expressions of .NET, which the judge takes, mean what those of ECMAScript do: the end of
    /// the text
    /// is not also before its last line end.
    /// </summary>
    private static string Spelled(string schema)
    {
        JsonNode? root = JsonNode.Parse(schema);
        Spell(root);
        return root?.ToJsonString() ?? schema;
    }

    private static void Spell(JsonNode? node)
    {
        if (node is JsonArray list)
        {
            foreach (JsonNode? item in list)
                Spell(item);
        }
        if (node is not JsonObject members)
            return;
        foreach ((string key, JsonNode? value) in members.ToList())
        {
            if (key == "pattern" && value is JsonValue text && text.TryGetValue(out string? pattern))
                members[key] = Spell(pattern);
            else if (key == "patternProperties" && value is JsonObject patterns)
            {
                members[key] = new JsonObject(patterns.ToList()
                    .Select(pair => KeyValuePair.Create(Spell(pair.Key), pair.Value?.DeepClone())));
            }
            Spell(members[key]);
        }
    }

    private static string Spell(string pattern)
    {
        var spelled = new StringBuilder();
        bool inClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
                spelled.Append(c).Append(pattern[++i]);
            else if (c == '$' && !inClass)
                spelled.Append(@"(?![\s\S])");
            else
                spelled.Append(c);
            inClass = c == '[' || (inClass && c != ']');
        }
        return spelled.ToString();
    }

    /// <summary>Whether a text is JSON and valid; why not.</summary>
    public bool Allows(ReadOnlySpan<byte> text, out string why)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            JsonElement instance = JsonElement.ParseValue(ref reader);
            EvaluationResults results = _schema.Evaluate(instance, new EvaluationOptions { OutputFormat = OutputFormat.List });
            why = string.Join("; ", (results.Details ?? []).Where(detail => detail.Errors is not null).Take(4)
                .Select(detail => $"{detail.EvaluationPath} {string.Join(", ", detail.Errors!.Select(error => error.Value))}"));
            return results.IsValid;
        }
        catch (JsonException e)
        {
            why = e.Message;
            return false;
        }
    }
}
