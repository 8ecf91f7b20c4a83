using System.Collections.Immutable;
using System.Text.Json;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>The schemas of ../shared/structured with their instances, and what becomes of them.</summary>
internal static class SchemaSuite
{
    /// <summary>A schema with its instances.</summary>
    internal sealed record Case(string Name, string Schema, JsonSchemaOptions Options, string[] Keywords,
        IReadOnlyList<(JsonElement Instance, bool Valid)> Instances);

    /// <summary>What became of a schema: refused by a keyword, or its instances that were judged wrongly.</summary>
    internal sealed record Outcome(
        Case Case, string? Refused, string? Message, int Valid, IReadOnlyList<string> Blocked, IReadOnlyList<string> Let,
        TimeSpan Compile = default);

    public static IEnumerable<Case> Official()
    {
        string root = Shared.Path("structured", "json-schema-test-suite");
        string folder = Path.Combine(root, "remotes");
        string AddressOf(string file) => "http://localhost:1234/" + Path.GetRelativePath(folder, file).Replace('\\', '/');
        ImmutableDictionary<string, string> remotes = Directory.EnumerateFiles(folder, "*.json", SearchOption.AllDirectories)
            .ToImmutableDictionary(AddressOf, File.ReadAllText);
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "index.json")));
        foreach (IGrouping<string, JsonElement> file in index.RootElement.GetProperty("groups").EnumerateArray()
            .GroupBy(row => row[0].GetString()!))
        {
            JsonElement groups = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, file.Key))).RootElement;
            foreach (JsonElement row in file)
            {
                JsonElement group = groups[row[1].GetInt32()];
                string schema = WithDraft(group.GetProperty("schema"), file.Key.Contains("draft7", StringComparison.Ordinal));
                yield return new Case($"{file.Key["tests/".Length..]}: {group.GetProperty("description").GetString()}", schema,
                    new JsonSchemaOptions
                    {
                        AssertFormats = file.Key.Contains("optional/format/", StringComparison.Ordinal)
                            || file.Key.EndsWith("draft7/optional/content.json", StringComparison.Ordinal),
                        Documents = remotes,
                    },
                    [.. row[4].EnumerateArray().Select(keyword => keyword.GetString()!)],
                    [.. group.GetProperty("tests").EnumerateArray()
                        .Select(test => (test.GetProperty("data"), test.GetProperty("valid").GetBoolean()))]);
            }
        }
    }

    public static IEnumerable<Case> Real(bool formats = false)
    {
        foreach (string line in File.ReadLines(Shared.Path("structured", "schemastore", "schemas.jsonl")))
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            yield return new Case(row.GetProperty("name").GetString()!,
                WithDraft(row.GetProperty("schema"), row.GetProperty("draft").GetString() == "7"),
                new JsonSchemaOptions { AssertFormats = formats },
                [.. row.GetProperty("keywords").EnumerateArray().Select(keyword => keyword.GetString()!)],
                [.. row.GetProperty("valid").EnumerateArray().Select(instance => (instance, true)),
                    .. row.GetProperty("invalid").EnumerateArray().Select(item => (item.GetProperty("instance"), false))]);
        }
    }

    /// <summary>The grammar of a schema; null: it is refused.</summary>
    public static Grammar? Compile(Case one)
    {
        try
        {
            return Grammar.JsonSchema(one.Schema, one.Options);
        }
        catch (GrammarException)
        {
            return null;
        }
    }

    public static Outcome Judge(Case one)
    {
        Grammar grammar;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        try
        {
            grammar = Grammar.JsonSchema(one.Schema, one.Options);
        }
        catch (GrammarException e)
        {
            return new Outcome(one, e.Keyword ?? "", e.Message, 0, [], []);
        }
        TimeSpan compile = watch.Elapsed;
        using JsonDocument schema = JsonDocument.Parse(one.Schema);
        var instances = new JsonInstances(new GrammarOracle(grammar.Rules), schema.RootElement);
        var blocked = new List<string>();
        var let = new List<string>();
        foreach ((JsonElement instance, bool valid) in one.Instances)
        {
            if (instances.IsReachable(instance) != valid)
                (valid ? blocked : let).Add(instance.GetRawText());
        }
        return new Outcome(one, null, null, one.Instances.Count(pair => pair.Valid), blocked, let, compile);
    }

    /// <summary>Schemas of draft 7 without a word about it get one.</summary>
    private static string WithDraft(JsonElement schema, bool draft7)
    {
        string text = schema.GetRawText();
        if (!draft7 || schema.ValueKind != JsonValueKind.Object || schema.TryGetProperty("$schema", out _))
            return text;
        string rest = text[(text.IndexOf('{', StringComparison.Ordinal) + 1)..];
        return $"{{\"$schema\":\"http://json-schema.org/draft-07/schema#\"{(rest.TrimStart() == "}" ? "" : ",")}{rest}";
    }
}
