using System.Text;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>
/// Schemas that are large, deep or recursive: enforced exactly, or refused by keyword and place; never a crash.
/// </summary>
public class SchemaLimitTests
{
    private static readonly string[] Codes = [.. Enumerable.Range(0, 2_000).Select(CodeOf)];

    [Fact]
    public void ALongChainOfReferencesIsRefused()
    {
        string chain = string.Join(',', Enumerable.Range(0, 15_000).Select(i => $$"""
            "a{{i}}":{"$ref":"#/$defs/a{{i + 1}}"}
            """));
        AssertRefused($$$"""{"$ref":"#/$defs/a0","$defs":{{{{chain}}},"a15000":{"type":"null"} } }""", "$ref", "/$defs/a");
        AssertRefused($$$"""{"not":{"$ref":"#/$defs/a0"},"$defs":{{{{chain}}},"a15000":{"type":"null"} } }""",
            "$ref", "/$defs/a");
    }

    [Fact]
    public void AChainOfSomeHundredReferencesIsFollowed()
    {
        string chain = string.Join(',', Enumerable.Range(0, 200).Select(i => $$"""
            "a{{i}}":{"allOf":[{"$ref":"#/$defs/a{{i + 1}}"}]}
            """));
        GrammarOracle oracle = Of($$$"""{"$ref":"#/$defs/a0","$defs":{{{{chain}}},"a200":{"type":"null"} } }""");
        Assert.True(Accepts(oracle, "null"));
        Assert.False(Accepts(oracle, "1"));
    }

    [Fact]
    public void ALongTupleIsEnforcedOrRefused()
    {
        string items = string.Join(',', Enumerable.Repeat("""{"type":"integer"}""", 900));
        Grammar grammar = Grammar.JsonSchema($$"""{"type":"array","prefixItems":[{{items}}],"items":{"type":"null"} }""");
        CompiledGrammar compiled = CompiledGrammar.Of(grammar, MadeTokenizer.Bytes, MadeTokenizer.Bytes.VocabularySize);
        Assert.True(Walks(compiled, $"[{string.Join(',', Enumerable.Repeat("7", 900))},null,null]"));
        Assert.True(Walks(compiled, "[1,2,3]"));
        Assert.False(Walks(compiled, "[1,2,null]"));
        Assert.False(Walks(compiled, $"[{string.Join(',', Enumerable.Repeat("7", 901))}]"));
        AssertRefused($$"""{"items":{"prefixItems":[{{string.Join(',', Enumerable.Repeat("true", 100_000))}}]} }""",
            "prefixItems", "/items");
    }

    [Fact]
    public void ALongListOfTextsIsEnforced()
    {
        string list = string.Join(',', Codes.Select(code => $"\"{code}\""));
        Grammar grammar =
            Grammar.JsonSchema($$"""{"type":"object","properties":{"id":{"enum":[{{list}}]} },"required":["id"]}""");
        CompiledGrammar compiled = CompiledGrammar.Of(grammar, MadeTokenizer.Bytes, MadeTokenizer.Bytes.VocabularySize);
        Assert.All(Codes.Where((_, index) => index % 100 == 0),
            code => Assert.True(Walks(compiled, $$"""{"id":"{{code}}"}"""), code));
        Assert.False(Walks(compiled, $$"""{"id":"{{Codes[0][..^1]}}x"}"""));
        Assert.False(Walks(compiled, $$"""{"id":"{{Codes[0]}}0"}"""));
    }

    [Theory]
    [InlineData("lists", "enum")]
    [InlineData("texts", "enum")]
    [InlineData("not", "not")]
    [InlineData("types", "pattern")]
    public void WhatIsTooLargeIsRefusedByKeywordAndPlace(string what, string keyword)
    {
        string schema = what switch
        {
            "lists" => $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 401).Select(i => $"[{i}]"))}}]}""",
            "texts" => $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 9_000).Select(i => $"\"{CodeOf(i)}\""))}}]}""",
            "not" => $$"""{"type":"string","not":{"enum":[{{string.Join(',', Codes.Concat(Codes.Select(code => $"{code}{code}"))
                .Select(code => $"\"{code}\""))}}]} }""",
            _ => """{"allOf":[{"properties":{"b":{"pattern":"a.{12}$"}}},{"properties":{"b":{"pattern":"(b.{11}|c.{10})$"}}}]}""",
        };
        AssertRefused($$"""{"properties":{"a":{{schema}} } }""", keyword, "/properties/a");
    }

    [Fact]
    public void HalfASurrogatePairIsRefusedAtItsPlace()
    {
        foreach (string schema in (string[])
            ["""{"items":{"pattern":"\ud800"}}""", """{"items":{"properties":{"\udc00":{}}}}""",
                """{"items":{"$ref":"\ud800"}}"""])
        {
            GrammarException error = Assert.Throws<GrammarException>(() => Grammar.JsonSchema(schema));
            Assert.StartsWith("/items", error.Place, StringComparison.Ordinal);
            Assert.Contains("half a surrogate pair", error.Message, StringComparison.Ordinal);
        }
        Assert.NotNull(Grammar.JsonSchema("""{"description":"\ud800"}"""));
    }

    [Fact]
    public void OneOfAndAllOfOfARecursiveSchemaAreExact()
    {
        const string defs = """
            "P":{"type":"object","properties":{"j":{"$ref":"#/$defs/J"}},"required":["j"]},
            "Q":{"type":"object","properties":{"n":{"type":"integer"}}}
            """;
        GrammarOracle one = Of($$"""
            {"$ref":"#/$defs/J","$defs":{"J":{"oneOf":[
            {"type":"object","properties":{"k":{"$ref":"#/$defs/P"} },"required":["k"]},
            {"type":"object","properties":{"k":{"$ref":"#/$defs/Q"} },"required":["k"]},{"type":"null"}]},{{defs}} } }
            """);
        Assert.False(Accepts(one, """{"k":{"j":{"k":{"j":null}},"n":"s"}}"""));
        Assert.True(Accepts(one, """{"k":{"j":null,"n":"s"}}"""));
        Assert.True(Accepts(one, """{"k":{"n":1}}"""));
        Assert.False(Accepts(one, """{"k":{"j":null,"n":1}}"""));
        GrammarOracle all = Of($$$"""
            {"$ref":"#/$defs/J","$defs":{"J":{"allOf":[
            {"properties":{"k":{"$ref":"#/$defs/P"} } },{"properties":{"k":{"$ref":"#/$defs/Q"} } }]},{{{defs}}} } }
            """);
        Assert.True(Accepts(all, """{"k":{"j":{"k":{"j":{}}}}}"""));
        Assert.False(Accepts(all, """{"k":{"j":{"k":{"n":1}}}}"""));
    }

    [Theory]
    [InlineData("""
        {"type":"object","properties":{"mode":{"type":"string"},"path":{"type":"string"}},"required":["mode","path"],
        "not":{"properties":{"mode":{"const":"rm"}},"required":["mode"]}}
        """, """{"mode":"ls","path":"/"}""", """{"mode":"rm","path":"/"} {"mode":"ls","path":"/","z":1}""")]
    [InlineData("""
        {"type":"object","properties":{"t":{"type":"boolean"},"x":{"type":"integer"}},"required":["t","x"],
        "if":{"properties":{"t":{"const":true}}},"then":{"properties":{"x":{"minimum":10}}}}
        """, """{"t":true,"x":10} {"t":false,"x":1}""", """{"t":true,"x":1} {"t":false,"x":1,"y":1}""")]
    [InlineData("""{"allOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}],"required":["a","b"]}""",
        """{"a":1,"b":2}""", """{"a":1} {"a":1,"b":2,"c":3}""")]
    [InlineData("""
        {"oneOf":[{"properties":{"a":{"type":"object","properties":{"i":{"type":"integer"}},"required":["i"]}},"required":["a"]},
        {"properties":{"b":{"type":"null"}},"required":["b"]}]}
        """, """{"a":{"i":1}} {"b":null}""", """{"a":{"i":1,"k":2}} {"a":{"i":1},"b":null} {"a":{"i":1},"z":1}""")]
    [InlineData("""
        {"type":"array","items":{"type":"object","properties":{"a":{}}},"contains":{"properties":{"a":{"const":1}},"required":["a"]}}
        """, """[{"a":1}] [{"a":2},{"a":1}]""", """[{"a":2}] [{"a":1,"b":1}]""")]
    [InlineData("""{"properties":{"o":{"type":"object"},"p":{"properties":{"q":{}},"additionalProperties":true}}}""",
        """{"o":{"any":1}} {"p":{"any":1}}""", """{"any":1}""")]
    public void StrictObjectsAreClosedAsAWhole(string schema, string texts, string others)
    {
        var oracle = new GrammarOracle(Grammar.JsonSchema(schema, new() { AdditionalPropertiesByDefault = false }).Rules);
        Assert.All(texts.Split(' '), text => Assert.True(Accepts(oracle, text), text));
        Assert.All(others.Split(' '), text => Assert.False(Accepts(oracle, text), text));
    }

    [Fact]
    public void WhatMustExistIsNotTakenBackByTheSameKey()
    {
        GrammarOracle oracle = Of("""{"type":"object","not":{"additionalProperties":{"type":"string"}}}""");
        Assert.All((string[])["""{"a":1}""", """{"b":"x","a":1}""", """{"a":1,"b":null}"""],
            text => Assert.True(Accepts(oracle, text), text));
        Assert.All((string[])["{}", """{"a":"x"}""", """{"a":1,"a":"x"}""", """{"a":1,"\u0061":"x"}"""],
            text => Assert.False(Accepts(oracle, text), text));
    }

    [Fact]
    public void PatternsAreKeptWithinABudgetOfBytes()
    {
        for (int i = 0; i < 60; i++)
            Grammar.JsonSchema($$"""{"type":"string","pattern":"^(?:[a-c]x|[d-f]y{{i}}){900}$"}""");
        Assert.InRange(SchemaPatterns.Bytes, 0, SchemaPatterns.MaxBytes);
        Grammar.JsonSchema("""{"type":"string","pattern":"^kept[0-9]$"}""");
        Assert.Same(SchemaPatterns.Search("^kept[0-9]$"), SchemaPatterns.Search("^kept[0-9]$"));
        const string large = "^(?:[a-c]x|[d-f]y|[g-i]z|[j-l]w){2000}[m-q]{2000}$";
        long before = SchemaPatterns.Bytes;
        ByteDfa made = SchemaPatterns.Search(large);
        Assert.True(4L * made.States * made.Classes < SchemaPatterns.MaxBytesOfOne || SchemaPatterns.Bytes == before);
    }

    [Theory]
    [InlineData("http://json-schema.org/draft-07/schema#", """{"prefixItems":[true]}""", "prefixItems")]
    [InlineData("http://json-schema.org/draft-07/schema#", """{"unevaluatedProperties":false}""", "unevaluatedProperties")]
    [InlineData("http://json-schema.org/draft-07/schema#", """{"$dynamicRef":"#a"}""", "$dynamicRef")]
    [InlineData("http://json-schema.org/draft-07/schema#", """{"contains":true,"minContains":2}""", "minContains")]
    [InlineData("http://json-schema.org/draft-04/schema#", """{"contains":true}""", "contains")]
    [InlineData("https://json-schema.org/draft/2020-12/schema", """{"additionalItems":false}""", "additionalItems")]
    [InlineData("https://json-schema.org/draft/2020-12/schema", """{"$recursiveRef":"#"}""", "$recursiveRef")]
    public void AKeywordOfAnotherDraftIsRefused(string draft, string schema, string keyword)
    {
        string whole = $$"""{"$schema":"{{draft}}","properties":{"a":{{schema}} } }""";
        AssertRefused(whole, keyword, "/properties/a");
        Assert.NotNull(Grammar.JsonSchema(whole, new() { Unchecked = [keyword] }));
    }

    private static string CodeOf(int index)
    {
        byte[] hash = System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"{index}"));
        return new Guid(hash.AsSpan(0, 16)).ToString();
    }

    private static GrammarOracle Of(string schema) => new(Grammar.JsonSchema(schema).Rules);

    private static bool Accepts(GrammarOracle oracle, string text) => oracle.Accepts(Encoding.UTF8.GetBytes(text));

    private static bool Walks(CompiledGrammar compiled, string text)
    {
        GrammarState? state = compiled.Start;
        foreach (byte value in Encoding.UTF8.GetBytes(text))
            state = state is null ? null : compiled.Accept(state, value);
        return state is { CanEnd: true };
    }

    private static void AssertRefused(string schema, string keyword, string place)
    {
        GrammarException error = Assert.Throws<GrammarException>(() => Grammar.JsonSchema(schema));
        Assert.Equal(keyword, error.Keyword);
        Assert.StartsWith(place, error.Place, StringComparison.Ordinal);
    }
}
