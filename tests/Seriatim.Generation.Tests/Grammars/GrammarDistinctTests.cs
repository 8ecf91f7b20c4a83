using System.Text;
using System.Text.Json.Nodes;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>Lists whose items must differ: exactly those follow, the masks say so, and nothing runs into a corner.</summary>
public sealed class GrammarDistinctTests
{
    public static TheoryData<string> Schemas =>
    [
        """{"type":"array","items":{"type":"string"},"uniqueItems":true}""",
        """{"type":"array","items":{"type":"string","pattern":"^[ab]{1,3}$"},"uniqueItems":true,"minItems":2,"maxItems":13}""",
        """{"type":"array","items":{"type":"integer","minimum":0,"maximum":11},"uniqueItems":true,"minItems":9}""",
        """{"type":"array","items":{"type":"integer"},"uniqueItems":true}""",
        """{"type":"array","items":{"type":["string","boolean","null","number"]},"uniqueItems":true,"maxItems":9}""",
        """{"type":"array","items":{"enum":["a","ab","abc","b","ba","bab",1,12,123,null,true]},"uniqueItems":true}""",
        """
        {"type":"array","uniqueItems":true,"items":{"type":"object","additionalProperties":false,"required":["b"],
         "properties":{"a":{"enum":[1,2,true]},"b":{"type":"boolean"},
         "c":{"type":"array","items":{"type":"boolean"},"maxItems":2}}}}
        """,
        """
        {"type":"object","additionalProperties":false,"required":["x","y"],"properties":{
         "x":{"type":"array","items":{"type":"string","maxLength":2,"pattern":"^[ab]*$"},"uniqueItems":true,"minItems":3},
         "y":{"anyOf":[{"type":"array","items":{"type":"integer","minimum":1,"maximum":12},"uniqueItems":true,"minItems":12},
                       {"type":"array","items":{"type":"boolean"},"minItems":2}]}}}
        """,
    ];

    [Theory]
    [MemberData(nameof(Schemas))]
    public void WhatIsWrittenAtRandomEndsAndDiffers(string schema)
    {
        Grammar made = Grammar.JsonSchema(schema);
        var oracle = new GrammarOracle(made.Rules);
        var judge = new SchemaJudge(new SchemaSuite.Case("", schema, new(), [], []));
        Tokenizer tokenizer = Vocabulary();
        CompiledGrammar grammar = CompiledGrammar.Of(made, tokenizer, tokenizer.VocabularySize);
        int ended = 0;
        for (int seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var walk = new GrammarWalk(grammar);
            var text = new List<byte>();
            for (int step = 0; step < 40 || (step < 600 && !walk.CanEnd); step++)
            {
                walk.CheckMask();
                TokenSet tokens = grammar.TokensOf(walk.State);
                int[] ids = [.. Enumerable.Range(0, grammar.Vocabulary.Size).Where(tokens.Contains)];
                if (ids.Length == 0)
                    break;
                int id = ids[random.Next(ids.Length)];
                int[] quotes = [.. ids.Where(
                    one => grammar.Vocabulary.BytesOf(one).Span[0] is (byte)'"' or (byte)']' or (byte)',')];
                if (quotes.Length > 0 && random.Next(3) == 0)
                    id = quotes[random.Next(quotes.Length)];
                Assert.True(walk.Accept(id));
                text.AddRange(grammar.Vocabulary.BytesOf(id).Span);
                Assert.NotEmpty(oracle.After(oracle.Start, [.. text]));
            }

            Assert.Equal(oracle.Accepts([.. text]), walk.CanEnd);
            if (!walk.CanEnd)
                continue;
            ended++;
            Assert.True(judge.Allows([.. text], out _), Encoding.UTF8.GetString([.. text]));
        }

        Assert.True(ended > 3, $"{ended} texts ended");
    }

    [Theory]
    [MemberData(nameof(Schemas))]
    public void TextsOfTheRulesFollowAndTheirRepetitionsDoNot(string schema)
    {
        Grammar made = Grammar.JsonSchema(schema);
        var oracle = new GrammarOracle(made.Rules);
        var texts = new RandomTexts(made.Rules);
        CompiledGrammar grammar = CompiledGrammar.Of(made, MadeTokenizer.Bytes, 257);
        var random = new Random(3);
        for (int i = 0; i < 60; i++)
        {
            byte[] text = texts.Next(random);
            Assert.True(Accepts(text), Encoding.UTF8.GetString(text));
            Assert.True(oracle.Accepts(text));
            if (JsonNode.Parse(text) is not JsonArray { Count: > 0 } items)
                continue;
            items.Add(items[random.Next(items.Count)]!?.DeepClone());
            byte[] again = Encoding.UTF8.GetBytes(items.ToJsonString(new()
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }));
            Assert.False(Accepts(again), Encoding.UTF8.GetString(again));
        }

        bool Accepts(byte[] text)
        {
            GrammarState? state = grammar.Start;
            foreach (byte value in text)
                state = state is null ? null : grammar.Accept(state, value);
            return state is { CanEnd: true };
        }
    }

    [Theory]
    [InlineData("""{"uniqueItems":true,"items":{"type":"number"}}""", "[1,2,1.5,-1,0,10]", "[1,1] [1,1.0] [1.50] [0,-0] [1e1]")]
    [InlineData("""{"uniqueItems":true,"items":{"type":"string"}}""",
        """ [] [""] ["a","b"] ["a","a\n","é"] """, """ ["a","a"] ["a","\u0061"] ["","a",""] """)]
    [InlineData("""{"uniqueItems":true,"items":{"type":"boolean"},"minItems":2}""",
        "[true,false] [false,true]", "[true,true] [true] []")]
    [InlineData("""{"uniqueItems":true,"items":{"type":"integer","minimum":1,"maximum":10},"minItems":10}""",
        "[1,2,3,4,5,6,7,8,9,10] [10,9,8,7,6,5,4,3,2,1]", "[1,2,3,4,5,6,7,8,9] [1,2,3,4,5,6,7,8,9,10,10]")]
    [InlineData("""
        {"uniqueItems":true,"items":{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},
         "additionalProperties":false}}
        """, """ [{"a":1},{"a":2},{"a":1,"b":""},{}] [{"b":"x"}] """,
        """ [{"a":1},{"a":1}] [{},{}] [{"a":1,"b":""},{"a":1,"b":""}] """)]
    public void EqualValuesDoNotComeTwice(string schema, string texts, string others)
    {
        CompiledGrammar grammar = CompiledGrammar.Of(
            Grammar.JsonSchema("{\"type\":\"array\"," + schema.Trim()[1..]), MadeTokenizer.Bytes, 257);
        Assert.All(texts.Split(' ', StringSplitOptions.RemoveEmptyEntries), text => Assert.True(Accepts(text), text));
        Assert.All(others.Split(' ', StringSplitOptions.RemoveEmptyEntries), text => Assert.False(Accepts(text), text));

        bool Accepts(string text)
        {
            var walk = new GrammarWalk(grammar);
            return MadeTokenizer.Utf8(text).All(value => walk.Accept(value)) && walk.CanEnd;
        }
    }

    [Theory]
    [InlineData("""{"type":"array","uniqueItems":true}""", "nested deeper than 8 levels")]
    [InlineData("""{"type":"array","uniqueItems":true,"items":{"type":"object"}}""", "keys that are not named")]
    [InlineData("""{"type":"array","uniqueItems":true,"items":{"type":"string","maxLength":5000}}""", "states")]
    [InlineData("""{"type":"array","uniqueItems":true,"prefixItems":[{"type":"string"}]}""", "types of their own")]
    public void WhatCannotBeComparedIsRefusedByName(string schema, string message)
    {
        GrammarException refused = Assert.Throws<GrammarException>(() => Grammar.JsonSchema(schema));
        Assert.Equal("uniqueItems", refused.Keyword);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MoreItemsThanThereAreValuesCannotBe()
    {
        Assert.Throws<GrammarException>(() => Grammar.JsonSchema(
            """{"type":"array","uniqueItems":true,"items":{"type":"integer","minimum":1,"maximum":20},"minItems":21}"""));
    }

    [Fact]
    public void SetsOfTextsShareWhatTheyHaveInCommon()
    {
        var random = new Random(2);
        var expected = new HashSet<string>();
        TextSet set = TextSet.Empty;
        for (int i = 0; i < 300; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => (char)('a' + random.Next(3))));
            expected.Add(text);
            TextSet before = set;
            int count = before.Count;
            set = set.With(MadeTokenizer.Utf8(text));
            Assert.Equal((count, expected.Count), (before.Count, set.Count));
            string prefix = text[..random.Next(text.Length + 1)];
            TextSet? below = prefix.Aggregate(set, (TextSet? at, char c) => at?.Below((byte)c));
            Assert.Equal(expected.Count(one => one.StartsWith(prefix, StringComparison.Ordinal)), below!.Count);
            Assert.Equal(expected.Contains(prefix), below.Ends);
        }
    }

    [Fact]
    public void TextsAreCounted()
    {
        Assert.Equal(3 + 9 + 27, TextCounts.Of(RegexLanguage.Full("[abc]{1,3}"))[ByteDfa.Start]);
        Assert.Equal(TextCounts.Unlimited, TextCounts.Of(RegexLanguage.Full("a*b"))[ByteDfa.Start]);
        Assert.Equal(TextCounts.Unlimited, TextCounts.Of(RegexLanguage.Full("[a-z]{40}"))[ByteDfa.Start]);
        long[] counts = TextCounts.Of(RegexLanguage.Full("ab*|c"));
        Assert.Contains(1, counts);
        Assert.Contains(TextCounts.Unlimited, counts);
    }

    /// <summary>What crosses the end of an item, and whole items.</summary>
    private static Tokenizer Vocabulary()
    {
        var random = new Random(8);
        string[] parts =
            [.. "\" a b ab ba , , 1 2 12 true false null [ ] { } : \"a\" \"b\" é . 0 -".Split(' '), " ", "\"a\":", "\"b\":"];
        return MadeTokenizer.Of(Enumerable.Range(0, 500).Select(_ => MadeTokenizer.Utf8(string.Concat(
            Enumerable.Range(0, random.Next(2, 6)).Select(_ => parts[random.Next(parts.Length)])))), "</s>");
    }
}
