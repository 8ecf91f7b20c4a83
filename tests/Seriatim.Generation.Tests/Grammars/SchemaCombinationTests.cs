using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>
/// Schemas of the official suite put together at random (all, any, one, not, if): another's opinion of the instances of both
/// is ours, and what we write at random is valid by it. And schemas with something wrong in them: refused, never a crash.
/// </summary>
public partial class SchemaCombinationTests(ITestOutputHelper output)
{
    /// <summary>
    /// What stands in schemas that are left out: places that are elsewhere then; and what the judge reads in its own way
    /// (lengths by graphemes, the dot of .NET).
    /// </summary>
    private static readonly string[] Elsewhere =
    [
        "\"$ref\"", "$id", "$anchor", "$dynamic", "localhost", "\\\\p{", "unevaluated", "content", "ä", "a\u0308",
        "\\u00e4", "a\\u0308", "foo\\nbar",
    ];

    [SharedFact]
    public void CombinationsAreJudgedRightly() => Combine(700, seed: 5);

    [SharedFact]
    [Trait("Category", "Long")]
    public void ManyCombinationsAreJudgedRightly() => Combine(20_000, seed: 6);

    [SharedFact]
    public void WhatIsBrokenIsRefused()
    {
        var random = new Random(9);
        SchemaSuite.Case[] cases = [.. SchemaSuite.Official().Concat(SchemaSuite.Real()).Where(one => one.Schema.Length < 3_000)];
        int refused = 0, made = 0;
        for (int i = 0; i < 1_500; i++)
        {
            SchemaSuite.Case one = cases[random.Next(cases.Length)];
            JsonNode root = JsonNode.Parse(one.Schema)!;
            for (int j = random.Next(1, 3); j > 0; j--)
                root = Break(root, random);
            try
            {
                Grammar.JsonSchema(root.ToJsonString(), one.Options);
                made++;
            }
            catch (GrammarException e)
            {
                Assert.NotEqual("", e.Message);
                refused++;
            }
        }
        output.WriteLine($"{refused} refused, {made} made");
        Assert.True(refused > 300 && made > 300, $"{refused} refused, {made} made");
    }

    private void Combine(int count, int seed)
    {
        var random = new Random(seed);
        SchemaSuite.Case[] cases = [.. SchemaSuite.Official().Where(one => one.Name.Contains("2020-12", StringComparison.Ordinal)
            && !one.Name.Contains("optional", StringComparison.Ordinal)
            && !Elsewhere.Any(word => one.Schema.Contains(word, StringComparison.Ordinal)))];
        int judged = 0, refused = 0, failed = 0;
        var wrong = new List<string>();
        for (int i = 0; i < count; i++)
        {
            SchemaSuite.Case Any() => cases[random.Next(cases.Length)];
            SchemaSuite.Case a = Any(), b = Any(), c = Any();
            var both = new SchemaSuite.Case($"{i}", Joined(a.Schema, b.Schema, c.Schema, random.Next(9)),
                new JsonSchemaOptions { AssertFormats = false }, [], [.. a.Instances, .. b.Instances, .. c.Instances]);
            if (SchemaSuite.Compile(both) is not { } grammar)
            {
                refused++;
                continue;
            }
            try
            {
                using JsonDocument schema = JsonDocument.Parse(both.Schema);
                var judge = new SchemaJudge(both);
                var instances = new JsonInstances(new GrammarOracle(grammar.Rules), schema.RootElement);
                foreach ((JsonElement instance, _) in both.Instances)
                {
                    // Spellings with an exponent come only where any number may.
                    if (instance.GetRawText().Contains("e308", StringComparison.Ordinal))
                        continue;
                    judged++;
                    bool valid = judge.Allows(Encoding.UTF8.GetBytes(instance.GetRawText()), out _);
                    if (valid != instances.IsReachable(instance))
                        wrong.Add($"{both.Schema} {(valid ? "blocks" : "lets through")} {instance.GetRawText()}");
                }
                var texts = new RandomTexts(grammar.Rules);
                for (int j = 0; j < 2; j++)
                {
                    byte[] text = texts.Next(random);
                    string written = Encoding.UTF8.GetString(text);
                    // The judge reckons in double precision, and counts graphemes where we count characters.
                    bool isItsOwn = LongNumber().IsMatch(written)
                        || new StringInfo(written).LengthInTextElements != written.EnumerateRunes().Count();
                    if (!judge.Allows(text, out _) && !isItsOwn)
                        wrong.Add($"{both.Schema} writes {written}");
                }
            }
            catch (Exception e) when (e is FormatException or OverflowException or KeyNotFoundException)
            {
                failed++;
            }
        }
        output.WriteLine($"{judged} instances judged, {refused} of {count} schemas refused, the judge failed at {failed}");
        foreach (string text in wrong.Take(60))
            output.WriteLine(text);
        Assert.Empty(wrong);
        Assert.True(refused < count / 5 && failed < count / 20, $"{refused} refused, {failed} failed");
    }

    [GeneratedRegex(@"[\d.]{15,}")]
    private static partial Regex LongNumber();

    private static string Joined(string a, string b, string c, int kind) => kind switch
    {
        0 => $$$"""{"allOf":[{{{a}}},{{{b}}}]}""",
        1 => $$$"""{"anyOf":[{{{a}}},{{{b}}}]}""",
        2 => $$$"""{"oneOf":[{{{a}}},{{{b}}}]}""",
        3 => $$$"""{"not":{{{a}}} }""",
        4 => $$$"""{"if":{{{a}}},"then":{{{b}}},"else":{{{c}}} }""",
        5 => $$$"""{"allOf":[{{{a}}},{"not":{{{b}}} }]}""",
        6 => $$$"""{"oneOf":[{{{a}}},{{{b}}},{{{c}}}]}""",
        7 => $$$"""{"not":{"allOf":[{{{a}}},{"anyOf":[{{{b}}},{{{c}}}]}]}}""",
        _ => $$$"""{"anyOf":[{{{a}}},{"allOf":[{{{b}}},{{{c}}}]}]}""",
    };

    /// <summary>Another value in some place.</summary>
    private static JsonNode Break(JsonNode root, Random random)
    {
        var places = new List<(JsonNode Parent, string? Key, int Index)>();
        void Collect(JsonNode? node)
        {
            if (node is JsonObject members)
            {
                foreach ((string key, JsonNode? value) in members)
                {
                    places.Add((members, key, 0));
                    Collect(value);
                }
            }
            else if (node is JsonArray items)
            {
                for (int i = 0; i < items.Count; i++)
                {
                    places.Add((items, null, i));
                    Collect(items[i]);
                }
            }
        }
        Collect(root);
        if (places.Count == 0)
            return root;
        (JsonNode parent, string? name, int index) = places[random.Next(places.Count)];
        JsonNode? other = random.Next(8) switch
        {
            0 => null,
            1 => JsonValue.Create(-1),
            2 => JsonValue.Create("(\\"),
            3 => JsonValue.Create(1e300),
            4 => new JsonArray(),
            5 => new JsonObject(),
            6 => JsonValue.Create(true),
            _ => root.DeepClone(),
        };
        if (name is null)
            parent.AsArray()[index] = other;
        else if (random.Next(5) == 0)
            parent.AsObject()[name + "x"] = other;
        else
            parent.AsObject()[name] = other;
        return root;
    }
}
