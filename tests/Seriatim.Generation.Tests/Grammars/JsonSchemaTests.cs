using System.Text;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>What the options, the text form and the refusals of schemas promise.</summary>
public class JsonSchemaTests
{
    [Theory]
    [InlineData("""{"type":"string"}""",
        """ "a" "\"\\\/\b\f\n\r\t" "\u00e9\ud83d\ude00" "é😀" """, """ "\ud83d" "\ude00x" "\x" """)]
    [InlineData("""{"enum":["é\n"]}""", """ "é\n" """, """ "\u00e9\n" "é\u000a" """)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":2}""",
        """ "ab" "\n\u0041" "😀\ud83d\ude00" """, """ "a" "abc" "\n" """)]
    [InlineData("""{"type":"string","pattern":"é+$"}""", """ "xé" "\u00e9\u00E9" """, """ "éx" "" """)]
    [InlineData("""{"type":"integer"}""", "0 -1 12345678901234567890", "1.0 -0 01 1e3 + .5")]
    [InlineData("""{"type":"number"}""", "0 -1.50 1e5 2.5E-7", "01 1. .5 1e1234 --1")]
    [InlineData("""{"type":"number","minimum":-1.5,"exclusiveMaximum":20}""", "-1.5 -1.50 0 19.99 -0.01", "-1.51 20 20.0 -2 1e0")]
    [InlineData("""{"type":"number","multipleOf":0.25}""", "0 0.5 0.750 1.25 -3", "0.1 0.255 1.3")]
    [InlineData("""{"type":"integer","multipleOf":7,"minimum":10}""", "14 21 700", "7 15 0")]
    [InlineData("""{"const":1.0}""", "1", "1.0 2 10")]
    [InlineData("""{"not":{"type":["object","array","string","number"]}}""", "null true false", "1 [] {}")]
    [InlineData("""{"type":"array","items":{"enum":["a","b"]},"uniqueItems":true}""",
        """ [] ["a"] ["b","a"] """, """ ["a","a"] """)]
    [InlineData("""{"contains":{"type":"null"},"minContains":2,"maxContains":2,"items":{"type":["null","integer"]}}""",
        "[null,null] [1,null,null]", "[null] [null,null,null] [1,2]")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"b":{}},"required":["b"],"additionalProperties":{"type":"null"}}""",
        """ {"a":1,"b":2} {"b":2} {"b":2,"z":null,"y":null} """,
        """ {"b":2,"a":1} {"a":1} {"b":1,"z":1} {"b":1,"b":1} {"b":1,"\u0061":1} """)]
    [InlineData("""{"type":"object","minProperties":1,"maxProperties":2}""",
        """ {"a":1} {"a":1,"b":2} """, """ {} {"a":1,"b":2,"c":3} """)]
    [InlineData("""{"type":"object","properties":{"a":{},"b":{},"c":{}},"additionalProperties":false,"minProperties":2}""",
        """ {"a":1,"b":2} {"b":2,"c":3} {"a":1,"b":2,"c":3} """, """ {} {"a":1} """)]
    [InlineData("""
        {"oneOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"a":{"minimum":5}},"required":["a"]}]}
        """,
        """ {"a":3} {"a":5.5} """, """ {"a":5} {"a":4.5} {} """)]
    [InlineData("""
        {"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"l":{"$ref":"#/$defs/tree"},
        "v":{"type":"integer"}},"required":["v"],"additionalProperties":false}}}
        """,
        """ {"l":{"l":{"v":1},"v":2},"v":3} """, """ {"l":{"v":"x"},"v":3} {"l":{},"v":1} """)]
    public void TextsFollowOrAreBlocked(string schema, string texts, string others)
    {
        var oracle = new GrammarOracle(Grammar.JsonSchema(schema).Rules);
        bool Accepts(string text) => oracle.Accepts(Encoding.UTF8.GetBytes(text));
        Assert.All(texts.Split(' ', StringSplitOptions.RemoveEmptyEntries), text => Assert.True(Accepts(text), text));
        Assert.All(others.Split(' ', StringSplitOptions.RemoveEmptyEntries), text => Assert.False(Accepts(text), text));
    }

    [Theory]
    [InlineData("{", null, "it is no JSON")]
    [InlineData("""{"type":"text"}""", "type", "the root: type must be one or some of null")]
    [InlineData("""{"properties":{"a":{"maxlength":3}}}""",
        "maxlength", "/properties/a: maxlength is no keyword; maxLength may be meant")]
    [InlineData("""{"properties":{"a":{}},"requird":["a"]}""", "requird", "required may be meant")]
    [InlineData("""{"items":{"type":"array","uniqueItems":true}}""", "uniqueItems", "/items")]
    [InlineData("""{"$ref":"https://example.com/other.json"}""", "$ref", "leads out of the document")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "$ref", "leads nowhere")]
    [InlineData("""{"$ref":"#"}""", "$ref", "leads back to itself")]
    [InlineData("""{"pattern":"(a)\\1"}""", "pattern", "back-references")]
    [InlineData("""{"pattern":"["}""", "pattern", "without its ]")]
    [InlineData("""{"$schema":"https://example.com/mine"}""", "$schema", "no draft that is known")]
    [InlineData("""{"multipleOf":0.12345678}""", "multipleOf", "remainders")]
    [InlineData("""{"multipleOf":0}""", "multipleOf", "it is 0")]
    [InlineData("""{"minLength":-1}""", "minLength", "a whole number, 0 or more")]
    [InlineData("""{"required":"a"}""", "required", "a list of texts")]
    [InlineData("""{"allOf":[]}""", "allOf", "a list of schemas")]
    [InlineData("""{"type":"object","minProperties":3}""", "minProperties", "3 keys would have to differ")]
    [InlineData("false", null, "it allows no value")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", null, "it allows no value")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""", null, "it allows no value")]
    [InlineData("""{"enum":["\ud800"]}""", null, "half a surrogate pair")]
    [InlineData("7", null, "a schema is an object, true or false")]
    public void WhatCannotBeEnforcedIsRefusedByItsKeyword(string schema, string? keyword, string message)
    {
        var error = Assert.Throws<GrammarException>(() => Grammar.JsonSchema(schema));
        Assert.Equal(keyword, error.Keyword);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsDecideWhatIsAllowed()
    {
        static bool Allows(string schema, string text, JsonSchemaOptions options) =>
            new GrammarOracle(Grammar.JsonSchema(schema, options).Rules).Accepts(Encoding.UTF8.GetBytes(text));
        const string object1 = """{"properties":{"a":{"type":"string","format":"date"}}}""";
        const string pretty = "{\n  \"a\" : \"2024-02-29\" ,\n  \"b\": [ 1 , 2 ]\n}";
        Assert.False(Allows(object1, """{"a":"2023-02-29"}""", new()));
        Assert.True(Allows(object1, """{"a":"2023-02-29"}""", new() { AssertFormats = false }));
        Assert.True(Allows(object1, """{"b":1}""", new()));
        Assert.False(Allows(object1, """{"b":1}""", new() { AdditionalPropertiesByDefault = false }));
        Assert.True(Allows("""{"type":"object"}""", """{"b":1}""", new() { AdditionalPropertiesByDefault = false }));
        Assert.True(Allows(object1, pretty, new() { Spacing = JsonSpacing.Free }));
        Assert.False(Allows(object1, pretty, new()));
        Assert.True(Allows(object1, """{"b": 1, "c": 2}""", new()));
        Assert.False(Allows(object1, """{"b": 1}""", new() { Spacing = JsonSpacing.Compact }));
        Assert.True(Allows("""{"uniqueItems":true}""", "[1,1]", new() { Unchecked = ["uniqueItems"] }));
        Assert.Throws<GrammarException>(() => Grammar.JsonSchema("true", new() { Unchecked = ["uniqueItem"] }));
        var documents = new JsonSchemaOptions().Documents.Add("http://x.org/int.json", """{"$defs":{"n":{"type":"integer"}}}""");
        Assert.True(Allows("""{"$ref":"http://x.org/int.json#/$defs/n"}""", "5", new() { Documents = documents }));
    }

    [Fact]
    public void AGrammarIsMadeAgainFromItsSource()
    {
        Grammar[] grammars =
        [
            Grammar.JsonSchema("""{"properties":{"a":{"format":"date"}}}""", new()
            {
                AssertFormats = false, AdditionalPropertiesByDefault = false, Spacing = JsonSpacing.Free, Unchecked = ["not"],
                Documents = new JsonSchemaOptions().Documents.Add("http://x.org/a", "true"),
            }),
            Grammar.Json(), Grammar.Json(anyValue: true, JsonSpacing.Compact), Grammar.Regex("a+"),
        ];
        foreach (Grammar grammar in grammars)
        {
            Grammar again = Grammar.From(grammar.Kind, grammar.Source);
            Assert.Equal((grammar.Kind, grammar.Source, grammar.Rules.Count), (again.Kind, again.Source, again.Rules.Count));
            byte[] text = new RandomTexts(grammar.Rules).Next(new Random(1));
            Assert.True(new GrammarOracle(again.Rules).Accepts(text));
        }
    }

    [Fact]
    public void ASchemaThatExplodesIsRefusedSoon()
    {
        string many = string.Join(',', Enumerable.Range(0, 40)
            .Select(i => $$"""{"anyOf":[{"required":["a{{i}}"]},{"required":["b{{i}}"]}]}"""));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var error = Assert.Throws<GrammarException>(() => Grammar.JsonSchema($$"""{"allOf":[{{many}}]}"""));
        Assert.Contains("more than 400 cases", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Keyword);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}");
    }
}
