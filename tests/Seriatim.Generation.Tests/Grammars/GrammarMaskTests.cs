using System.Collections.Immutable;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>The mask is the truth: it has exactly the tokens that follow one by one, and there are no dead ends.</summary>
public sealed class GrammarMaskTests
{
    private const string Json = """
        root   ::= value
        value  ::= object | array | string | number | "true" | "false" | "null"
        object ::= "{" ws (pair ("," ws pair)*)? "}"
        pair   ::= string ":" ws value
        array  ::= "[" ws (value ("," ws value)*)? "]"
        string ::= "\"" ([^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
        number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
        ws     ::= [ \t\n]*
        """;

    public static TheoryData<string> Sources =>
    [
        Json,
        "root ::= \"\\\"\" [^\"\\\\\\x00-\\x1F\\x7F]{0,200} \"\\\"\"",
        "root ::= \"\\\"\" [^\"]{3,10000} \"\\\"\"",
        "root ::= [a-z]{700}",
        "root ::= (\"ab\" | \"a\" | \"b\" | \"ba\"){5,900} \"!\"",
        "root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"\"",
        "root ::= item{3,40} \";\"\nitem ::= \"(\" item* \")\" | [a-c]",
        "root ::= [a-z]+ [a-z0-9]+ ([a-z] | [0-9])+ \".\"",
        "root ::= (.)*",
        "root ::= \"yes\" | \"yesterday\" | \"no\" | \"\u00E9t\u00E9\"",
    ];

    [Theory]
    [MemberData(nameof(Sources))]
    public void MasksEqualTokensTriedOneByOne(string source)
    {
        Tokenizer tokenizer = Small();
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(source), tokenizer, tokenizer.VocabularySize + 3);
        for (int seed = 0; seed < 8; seed++)
        {
            var random = new Random(seed);
            var walk = new GrammarWalk(grammar);
            for (int step = 0; step < 60; step++)
            {
                walk.CheckMask();
                if (!walk.GoOn(random))
                    break;
            }
        }
    }

    [SharedTheory]
    [MemberData(nameof(Sources))]
    public void MasksEqualTokensTriedOneByOneWithARealVocabulary(string source)
    {
        Tokenizer tokenizer = MadeTokenizer.Gpt2();
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(source), tokenizer, tokenizer.VocabularySize);
        var random = new Random(7);
        var walk = new GrammarWalk(grammar);
        for (int step = 0; step < 6; step++)
        {
            walk.CheckMask();
            if (!walk.GoOn(random))
                break;
        }
    }

    [Theory]
    [InlineData("a", 250, 9_999, 10_000)]
    [InlineData("(", 0, 299, 300)]
    public void CountsAreExact(string body, int min, int good, int max)
    {
        // A body that is a terminal is counted in blocks, one that is not on the stack.
        string source = body == "a" ? $"root ::= [a-z]{{{min},{max}}} \"!\""
            : $"root ::= p{{{min},{max}}} \"!\"\np ::= \"(\" p* \")\"";
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(source), MadeTokenizer.Bytes, 257);
        foreach ((int count, bool ends) in new[] { (min - 1, false), (min, true), (good, true), (max, true), (max + 1, false) })
        {
            if (count < 0)
                continue;
            var walk = new GrammarWalk(grammar);
            string text = string.Concat(Enumerable.Repeat(body == "a" ? "a" : "()", count));
            Assert.Equal(count <= max, MadeTokenizer.Utf8(text).All(value => walk.Accept(value)));
            Assert.Equal(ends, count <= max && walk.Accept('!') && walk.CanEnd);
        }
    }

    [Theory]
    [InlineData("root ::= \"<\" [^\"\\\\\\x00-\\x1F\\x7F]{0,60} \">\"")]
    [InlineData("root ::= \"<\" c{5,100} \">\"\nc ::= [^\"\\\\\\x00-\\x1F\\x7F] | \"\\\\\" (\"n\" | \"u\" [0-9a-f]{4})")]
    [InlineData(
        "root ::= \"<\" c{70} (\">\" | \"\\\"\" root)\nc ::= [^\"\\\\\\x00-\\x1F\\x7F] | \"\\\\\" (\"n\" | \"u\" [0-9a-f]{4})")]
    public void MasksAreRightUpToTheLastCharacterOfALimit(string source)
    {
        Tokenizer tokenizer = Small();
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(source), tokenizer, tokenizer.VocabularySize);
        for (int seed = 0; seed < 3; seed++)
        {
            var random = new Random(seed);
            var walk = new GrammarWalk(grammar);
            Assert.True(walk.Accept('<'));
            while (!walk.State.IsComplete)
            {
                walk.CheckMask();
                TokenSet tokens = grammar.TokensOf(walk.State);
                int[] plain = [.. Enumerable.Range(0, grammar.Vocabulary.Size).Where(
                    id => tokens.Contains(id) && !grammar.Vocabulary.BytesOf(id).Span.ContainsAny((byte)'>', (byte)'"'))];
                Assert.True(walk.Accept(plain.Length == 0 ? '>' : plain[random.Next(plain.Length)]));
            }
        }
    }

    [SharedTheory]
    [InlineData("root ::= \"yes\" | \"no\" | \" no\" | \"  \"")]
    [InlineData("root ::= [a-z ]{1,8} \".\"")]
    public void ABlankThatTheDecoderDropsIsNoPartOfTheText(string source)
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Path("models", "stories260K"));
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(source), tokenizer, tokenizer.VocabularySize);
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            GrammarState? state = grammar.Opening;
            var ids = new List<int>();
            while (!state!.IsComplete)
            {
                TokenSet tokens = grammar.TokensOf(state);
                int[] allowed = [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(tokens.Contains)];
                Assert.Equal(Enumerable.Range(0, tokenizer.VocabularySize)
                    .Where(id => grammar.Accept(state, id) is not null), allowed);
                ids.Add(allowed[random.Next(allowed.Length)]);
                state = grammar.Accept(state, ids[^1]);
            }

            var walk = new GrammarWalk(CompiledGrammar.Of(Grammar.Gbnf(source), MadeTokenizer.Bytes, 257));
            Assert.All(MadeTokenizer.Utf8(tokenizer.Decode([.. ids])), value => Assert.True(walk.Accept(value)));
            Assert.True(walk.CanEnd);
        }
    }

    [Fact]
    public void WhatIsForgottenIsFoundAgain()
    {
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(Json), MadeTokenizer.Bytes, 257);
        var walk = new GrammarWalk(grammar);
        for (int i = 0; i < 50_000; i++)
            Assert.True(walk.Accept('['));
        for (int i = 0; i < 50_000; i++)
            Assert.True(walk.Accept(']'));
        Assert.True(walk.CanEnd && walk.State.IsComplete);
    }

    [Fact]
    public void ThreadsShareAGrammarAndFindTheSame()
    {
        Tokenizer tokenizer = Small();
        string[] one = [.. Enumerable.Range(0, 8).Select(seed => Text(Compile(), seed))];
        CompiledGrammar shared = Compile();
        string[] many = new string[8];
        Parallel.For(0, 8, seed => many[seed] = Text(shared, seed));
        Assert.Equal(one, many);

        CompiledGrammar Compile() => CompiledGrammar.Of(Grammar.Gbnf(Json), tokenizer, tokenizer.VocabularySize);

        static string Text(CompiledGrammar grammar, int seed)
        {
            var random = new Random(seed);
            var walk = new GrammarWalk(grammar);
            var ids = new List<int>();
            for (int step = 0; step < 100; step++)
            {
                grammar.Prepare(walk.State);
                TokenSet tokens = grammar.TokensOf(walk.State);
                int[] allowed = [.. Enumerable.Range(0, grammar.Vocabulary.Size).Where(tokens.Contains)];
                if (allowed.Length == 0)
                    break;
                ids.Add(allowed[random.Next(allowed.Length)]);
                walk.Accept(ids[^1]);
            }

            return string.Join(' ', ids);
        }
    }

    [Fact]
    public void ManyReadingsNeedFewStacks()
    {
        // 2^2000 ways to return, in one state.
        CompiledGrammar grammar = CompiledGrammar.Of(
            Grammar.Gbnf("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"a\" root \"bc\" | \"\""), MadeTokenizer.Bytes, 257);
        var walk = new GrammarWalk(grammar);
        for (int i = 0; i < 2000; i++)
            Assert.True(walk.Accept('a'));
        Assert.True(walk.State.Threads.Length < 10);
        for (int i = 0; i < 2000; i++)
            Assert.True(walk.Accept(i % 2 == 0 ? 'b' : 'c'));
        Assert.True(walk.CanEnd);
    }

    [Fact]
    public void ManyChoicesAreOneTreeAndFollowExactly()
    {
        string[] texts = [.. Enumerable.Range(0, 20_000).Select(i => $"{i * 7919L % 1_000_003}-{i}")];
        Grammar choice = Grammar.Choice(texts);
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.From(choice.Kind, choice.Source), MadeTokenizer.Bytes, 257);
        foreach (string text in texts.Where((_, i) => i % 997 == 0))
        {
            var walk = new GrammarWalk(grammar);
            Assert.All(MadeTokenizer.Utf8(text), value => Assert.True(walk.Accept(value)));
            Assert.True(walk.CanEnd);
            walk.CheckMask();
        }

        Assert.Null(grammar.Accept(grammar.Start, 'x'));
    }

    [Fact]
    public void SpecialTokensAreTokensWhereTheTokenizerHasThem()
    {
        var rules = new GrammarRules();
        GrammarNode.Rule root = rules.Declare("root");
        rules.Define(root, new GrammarNode.Sequence(
        [
            new GrammarNode.Repeat(new GrammarNode.Regular(Language.Characters(CodePointSet.Of(('a', 'z')))), 0, null),
            new GrammarNode.Special("<|call|>"),
            new GrammarNode.Special("<|none|>"),
        ]));
        Tokenizer tokenizer = MadeTokenizer.Of([MadeTokenizer.Utf8("<|call|>")], "<|call|>", "<|end|>");
        int call = tokenizer.VocabularySize - 2;
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Of("made", "", rules), tokenizer, tokenizer.VocabularySize);
        var walk = new GrammarWalk(grammar);
        Assert.True(walk.Accept('x'));
        walk.CheckMask();
        Assert.False(walk.Accept('<'));
        Assert.False(walk.Accept(call + 1));
        Assert.True(walk.Accept(call));
        Assert.All(MadeTokenizer.Utf8("<|none|>"), value => Assert.True(walk.Accept(value)));
        Assert.True(walk.State.IsComplete && walk.CanEnd);
    }

    [Fact]
    public void GrammarsWithoutATextAreRefused()
    {
        var rules = new GrammarRules();
        rules.Define(rules.Declare("root"), new GrammarNode.Choice([]));
        Assert.Contains("can end nowhere", Assert.Throws<GrammarException>(() => Grammar.Of("made", "", rules)).Message,
            StringComparison.Ordinal);
        Assert.Throws<GrammarException>(() => Grammar.Of("made", "", new GrammarRules()));
        Assert.Throws<GrammarException>(() => Grammar.Choice([]));
        Assert.Throws<GrammarException>(() => Grammar.Choice(["\uD800"]));
        Assert.Contains("gbnf", Assert.Throws<GrammarException>(() => Grammar.From("none", "")).Message,
            StringComparison.Ordinal);
        foreach (string kind in new[] { "choice", "json_schema", "json_object", "json_value", "regex", "gbnf" })
            Assert.Throws<GrammarException>(() => Grammar.From(kind, kind == "regex" ? "(" : "{"));
        Assert.Throws<GrammarException>(() => Grammar.From("json_schema", "{}"));
    }

    [Fact]
    public void NestingTooDeepIsRefused()
    {
        GrammarNode node = new GrammarNode.Literal(new byte[] { 1 });
        for (int i = 0; i < 5000; i++)
            node = new GrammarNode.Sequence([node, new GrammarNode.Literal(new byte[] { 2 })]);
        var rules = new GrammarRules();
        rules.Define(rules.Declare("root"), node);
        Assert.Contains("deeper", Assert.Throws<GrammarException>(() => Grammar.Of("made", "", rules)).Message,
            StringComparison.Ordinal);
        string source = $"root ::= {new string('(', 5000)}\"a\"{new string(')', 5000)}";
        Assert.Contains("deeper", Assert.Throws<GrammarException>(() => Grammar.Gbnf(source)).Message, StringComparison.Ordinal);
    }

    /// <summary>Bytes, short words, and what ends a terminal and begins others.</summary>
    private static Tokenizer Small()
    {
        var random = new Random(3);
        var texts = new List<byte[]>();
        string letters = "abcdeé\u20AC😀\"\\{}[]:,()!;. \n0123456789-truefalsn";
        string[] runes = [.. letters.EnumerateRunes().Select(rune => rune.ToString())];
        for (int i = 0; i < 3000; i++)
        {
            texts.Add(MadeTokenizer.Utf8(string.Concat(Enumerable.Range(0, random.Next(2, 8))
                .Select(_ => runes[random.Next(runes.Length)]))));
        }
        foreach (string word in new[]
        {
            "\",\"", "\":\"", "\"}", "true", "null", "abcabcabcabcabcabcabcabcabcabc", "abba", "aaaaaaaaaaaa"
        })
        {
            texts.Add(MadeTokenizer.Utf8(word));
        }

        // Parts of characters, and parts with the next one.
        texts.AddRange([[0xE2, 0x82], [0x82, 0xAC], [0xAC, (byte)'"'], [0xF0, 0x9F, 0x98], [0xC3, 0xA9, 0xC3]]);
        return MadeTokenizer.Of(texts.DistinctBy(Convert.ToHexString), "</s>");
    }
}
