using System.Diagnostics;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>What grammars cost at most: in time, in memory, and to others.</summary>
public sealed class GrammarLimitsTests
{
    [Fact]
    public void CallersOfOneRuleShareItsStart()
    {
        // Each rule calls the next in two ways: 2^24 ways to the last one.
        string source = "root ::= \"(\" r0\n" + Chain(24, "r{0} ::= r{1} \"x\" | r{1} \"y\"", "r24 ::= \"z\" | \"(\" r0 \")\"");
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(source), MadeTokenizer.Bytes, 257);
        var walk = new GrammarWalk(grammar);
        for (int i = 0; i < 20; i++)
            Assert.True(walk.Accept('('));
        Assert.True(walk.State.Threads.Length < 4);
        Assert.True(walk.Accept('z'));
        for (int level = 0; level < 20; level++)
        {
            for (int i = 0; i < 24; i++)
                Assert.True(walk.Accept((i + level) % 3 == 0 ? 'x' : 'y'));
            Assert.False(walk.Accept('x'));
            Assert.Equal(level < 19, walk.Accept(')'));
        }

        Assert.True(walk.CanEnd);
    }

    [Fact]
    public void RandomRulesMeanWhatTheyDerive()
    {
        int tried = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            GrammarRules rules = RandomRules(random);
            if (GrammarPruner.Run(rules) is not { } pruned)
                continue;
            Grammar made;
            try
            {
                made = Grammar.Of("made", "", pruned);
            }
            catch (GrammarException)
            {
                continue;
            }

            tried++;
            CompiledGrammar grammar = CompiledGrammar.Of(made, MadeTokenizer.Bytes, 257);
            var oracle = new Grammars.GrammarOracle(pruned);
            (GrammarState? state, HashSet<int> expected) = (grammar.Start, oracle.Start);
            for (int step = 0; step < 20 && expected.Count < 500; step++)
            {
                Assert.True(state!.CanEnd == oracle.MayEnd(expected), $"seed {seed}, step {step}: end");
                byte[] follow = [.. "abcd"u8.ToArray().Where(value => oracle.After(expected, value).Count > 0)];
                byte[] found = [.. "abcd"u8.ToArray().Where(value => grammar.Accept(state, value) is not null)];
                Assert.True(follow.AsSpan().SequenceEqual(found), $"seed {seed}, step {step}");
                if (follow.Length == 0)
                    break;
                byte chosen = follow[random.Next(follow.Length)];
                (state, expected) = (grammar.Accept(state, chosen), oracle.After(expected, chosen));
            }
        }

        Assert.True(tried > 500, $"{tried} grammars");
    }

    [Fact]
    public void ALongTextNeedsMemoryWhereItIsWalked()
    {
        var random = new Random(5);
        byte[] text = new byte[100_000];
        random.NextBytes(text);
        Grammar made = Made(new GrammarNode.Literal(text));
        GrammarVocabulary.Of(MadeTokenizer.Bytes, 257);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CompiledGrammar grammar = CompiledGrammar.Of(made, MadeTokenizer.Bytes, 257);
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(taken < 16 << 20, $"{taken} bytes");
        GrammarState? state = grammar.Start;
        for (int i = 0; i < 2000; i++)
        {
            Assert.Equal(text[i], grammar.ForcedOf(state!));
            state = grammar.Accept(state!, text[i]);
        }

        Assert.False(state!.CanEnd);
    }

    [Fact]
    public void TextsThatDifferFarBehindAreTwo()
    {
        // The number of the state behind this byte has more than 16 bits, and once looked like no state.
        byte[] one = [.. Enumerable.Range(0, 70_000).Select(i => (byte)('a' + i % 2))];
        byte[] other = [.. one];
        other[65_534] ^= (byte)('a' ^ 'b');
        var vocabulary = GrammarVocabulary.Of(MadeTokenizer.Of([], "<far>"), 257);
        Terminal first = vocabulary.TerminalOf(Terminals.OfText(one));
        Assert.NotSame(first, vocabulary.TerminalOf(Terminals.OfText(other)));
        Assert.Same(first, vocabulary.TerminalOf(Terminals.OfText(one)));
    }

    [Fact]
    public void TerminalsThatNobodyHasAreKeptWithinBytes()
    {
        var vocabulary = GrammarVocabulary.Of(MadeTokenizer.Of([], "<held>"), 257);
        for (int i = 0; i < 8; i++)
        {
            byte[] text = new byte[3000];
            new Random(i).NextBytes(text);
            Assert.True(vocabulary.TerminalOf(Terminals.OfText(text)).Size > 4 << 20);
        }

        Assert.InRange(vocabulary.HeldBytes, 1 << 20, 32 << 20);
    }

    [Fact]
    public void MasksOfAllGrammarsShareTheirRoom()
    {
        Tokenizer tokenizer = MadeTokenizer.Of([], "<room>");
        CompiledGrammar[] grammars = [.. new[] { "a", "b", "c" }.Select(
            letter => CompiledGrammar.Of(Grammar.Regex($"{letter}[a-z]*"), tokenizer, 257))];
        foreach (CompiledGrammar grammar in grammars)
            Assert.Equal(1, grammar.TokensOf(grammar.Start).Count);
        Assert.All(grammars, grammar => Assert.True(grammar.MaskBytes > 0));
        grammars[0].Vocabulary.MakeRoom(grammars[1], 0, most: grammars[1].MaskBytes + 1);
        Assert.Equal([0, grammars[1].MaskBytes, 0], grammars.Select(grammar => grammar.MaskBytes));
        Assert.True(grammars[1].MaskBytes > 0);
        Assert.Null(grammars[0].Start.Tokens);
        Assert.Equal(1, grammars[0].TokensOf(grammars[0].Start).Count);
    }

    [Fact]
    public void EmptyRoundsOfSomethingSmallAreNone()
    {
        GrammarVocabulary.Of(MadeTokenizer.Bytes, 257);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CompiledGrammar grammar = CompiledGrammar.Of(
            Grammar.Gbnf("root ::= ([b\u00E9]{0,2}){3,1000000} \"!\""), MadeTokenizer.Bytes, 257);
        var walk = new GrammarWalk(grammar);
        Assert.All(MadeTokenizer.Utf8("b\u00E9bb"), value => Assert.True(walk.Accept(value)));
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(taken < 64 << 20, $"{taken} bytes");
        Assert.True(walk.Accept('!') && walk.CanEnd);
    }

    [Fact]
    public void ManyRulesAreLookedAtInLinearTime()
    {
        var rules = new GrammarRules();
        GrammarNode letter = new GrammarNode.Literal("a"u8.ToArray());
        GrammarNode.Rule before = rules.Declare("root");
        rules.Define(before, letter);
        for (int i = 1; i < 100_000; i++)
        {
            GrammarNode.Rule rule = rules.Declare($"r{i}");
            rules.Define(rule, new GrammarNode.Sequence([letter, before]));
            before = rule;
        }

        var clock = Stopwatch.StartNew();
        Assert.True(Grammar.Of("made", "", rules).Analysis.IsProductive(99_999));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"{clock.Elapsed}");
    }

    [Fact]
    public void AGrammarThatFailsWhileTokensAreDraftedFailsItsOwnRequest()
    {
        // Two readings of each letter, and a token of 24 of them: more places within one token than are followed.
        Tokenizer tokenizer = MadeTokenizer.Of([MadeTokenizer.Utf8(new string('a', 24))], "</s>");
        string source = "root ::= \"(\" r0\n" + Chain(48, "r{0} ::= \"a\" r{1} \"x\" | \"a\" r{1} \"y\"", "r48 ::= \"z\"");
        using FakeModel model = new(vocabulary: tokenizer.VocabularySize) { Preference = 0 };
        var good = new GenerationRequest
        {
            Prompt = new[] { 1, 2, 3 },
            MaxNewTokens = 20,
            Seed = 3,
            Tokenizer = tokenizer,
            EndIds = [tokenizer.VocabularySize - 1],
            Sampling = new() { Grammar = Grammar.Regex("[a-z]{4}(left|right)[0-9]{8}") },
        };
        GenerationResult alone = Runs.Alone(model, good);
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationHandle first = core.Add(good, 1);
        GenerationHandle bad = core.Add(good with { Sampling = new() { Grammar = Grammar.Gbnf(source) } }, 2);
        core.Drain();
        Runs.Equal(alone, first.Result(), "beside a grammar that fails");
        Assert.Contains("places", Assert.Throws<GrammarException>(() => bad.Result()).Message, StringComparison.Ordinal);
    }

    private static string Chain(int rules, string rule, string last) => string.Concat(Enumerable.Range(0, rules)
        .Select(i => rule.Replace("{0}", $"{i}", StringComparison.Ordinal)
            .Replace("{1}", $"{i + 1}", StringComparison.Ordinal) + "\n"))
        + last;

    private static Grammar Made(GrammarNode body)
    {
        var rules = new GrammarRules();
        rules.Define(rules.Declare("root"), body);
        return Grammar.Of("made", "", rules);
    }

    private static GrammarRules RandomRules(Random random)
    {
        var rules = new GrammarRules();
        GrammarNode.Rule[] names = [.. Enumerable.Range(0, random.Next(1, 7)).Select(i => rules.Declare($"r{i}"))];
        foreach (GrammarNode.Rule name in names)
            rules.Define(name, Node(3));
        return rules;

        GrammarNode Node(int depth)
        {
            switch (random.Next(depth == 0 ? 4 : 10))
            {
                case 0 or 1:
                    return new GrammarNode.Literal(
                        (byte[])[.. Enumerable.Range(0, random.Next(5) == 0 ? 0 : random.Next(1, 3))
                            .Select(_ => (byte)('a' + random.Next(3)))]);
                case 2:
                    return names[random.Next(names.Length)];
                case 3:
                    return new GrammarNode.Regular(RegexLanguage.Full(random.Next(3) switch
                    {
                        0 => "[abd]",
                        1 => "c?",
                        _ => "(ab)*",
                    }));
                case 4 or 5 or 6:
                    return new GrammarNode.Sequence([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Node(depth - 1))]);
                case 7 or 8:
                    return new GrammarNode.Choice([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Node(depth - 1))]);
                default:
                    int min = random.Next(3);
                    return new GrammarNode.Repeat(Node(depth - 1), min,
                        random.Next(2) == 0 ? null : Math.Max(1, min + random.Next(3)));
            }
        }
    }
}
