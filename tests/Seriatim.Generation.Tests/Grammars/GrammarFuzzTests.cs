using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Seriatim.Tokenizers;
using Xunit.Abstractions;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>
/// Sources at random, and some made to hurt: each is refused or means what another reader says, soon and in little memory.
/// </summary>
public sealed class GrammarFuzzTests(ITestOutputHelper output)
{
    /// <summary>
    /// Most time for one source (seconds, alone) on a machine that does much else: what hangs is found, not what is slow.
    /// </summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(2);

    /// <summary>Most bytes that one source may allocate, most of them for a moment.</summary>
    private const long LittleMemory = 4L << 30;

    [Fact]
    public void RulesAtRandomAreRefusedOrMeanWhatTheyDerive() => Rules(400, seed: 1);

    [Fact]
    [Trait("Category", "Long")]
    public void ManyRulesAtRandomAreRefusedOrMeanWhatTheyDerive() => Rules(20_000, seed: 2);

    [Fact]
    public void PatternsAtRandomMatchWhatAnotherReaderMatches() => Patterns(600, seed: 1);

    [Fact]
    [Trait("Category", "Long")]
    public void ManyPatternsAtRandomMatchWhatAnotherReaderMatches() => Patterns(30_000, seed: 2);

    public static TheoryData<string> Heavy => [.. HeavySchemas.Keys];

    [Theory]
    [MemberData(nameof(Heavy))]
    public void SchemasThatAreHeavyAreMadeOrRefusedSoon(string name)
    {
        string schema = HeavySchemas[name]();
        Within(name, () =>
        {
            try
            {
                CompiledGrammar grammar = CompiledGrammar.Of(Grammar.JsonSchema(schema), MadeTokenizer.Bytes, 257);
                Walk(grammar, new Random(1), 200);
                output.WriteLine("made");
            }
            catch (GrammarException refused)
            {
                Assert.Matches("[0-9]", refused.Message);
                output.WriteLine($"{refused.Keyword}: {refused.Message}");
            }
        });
    }

    [Fact]
    public void ManyKeysThatMayBeLeftOutNeedNoDeepStack()
    {
        string keys = string.Join(',', Enumerable.Range(0, 12_000).Select(i => $"\"k{i}\":{{\"type\":\"integer\"}}"));
        Grammar made = Grammar.JsonSchema($$"""{"type":"object","properties":{{{keys}}},"additionalProperties":false}""");
        Exception? failed = null;
        var small = new Thread(() =>
        {
            try
            {
                CompiledGrammar grammar = CompiledGrammar.Of(made, MadeTokenizer.Bytes, 257);
                GrammarState? state = grammar.Start;
                foreach (byte value in "{\"k3\":1,\"k11999\":2}"u8)
                    state = grammar.Accept(state!, value);
                Assert.True(state!.CanEnd);
            }
            catch (Exception e)
            {
                failed = e;
            }
        }, 256 << 10);
        small.Start();
        small.Join();
        Assert.Null(failed);
    }

    private static Dictionary<string, Func<string>> HeavySchemas { get; } = new()
    {
        ["3,000 keys that may be left out"] = () =>
            $$"""{"type":"object","properties":{{{Many(3_000, i => $"\"k{i}\":{{}}")}}} }""",
        ["40,000 keys that may be left out"] = () =>
            $$"""{"type":"object","properties":{{{Many(40_000, i => $"\"k{i}\":{{}}")}}} }""",
        ["20,000 texts that begin alike"] = () => $$"""{"enum":[{{Many(20_000, i => $"\"{new string('a', i % 50)}{i}\"")}}]}""",
        ["texts that are all beginnings"] = () => $$"""{"enum":[{{Many(600, i => $"\"{new string('a', i)}\"")}}]}""",
        ["a long least length"] = () => """{"type":"string","minLength":2000000000}""",
        ["a long pattern and length"] = () => """{"type":"string","pattern":"^[a-z]+$","maxLength":4000}""",
        ["two lengths of patterns"] = () => """{"type":"string","pattern":"^(a|b)*a(a|b){12}$","maxLength":900}""",
        ["many least items"] = () => """{"type":"array","items":{"type":"array","minItems":1000000},"minItems":1000000}""",
        ["1,500 alternatives"] = () => $$"""{"anyOf":[{{Many(1_500, i => $$"""{"required":["k{{i}}"]}""")}}]}""",
        ["1,500 that are one alone"] = () => $$"""{"oneOf":[{{Many(1_500, i => $$"""{"minimum":{{i}} }""")}}]}""",
        ["60 patterns of keys"] = () =>
            $$"""{"patternProperties":{{{Many(60, i => $$""" "k.*{{i}}":{"minimum":{{i}} } """)}}} }""",
        ["a chain of 3,000 references"] = () => "{\"$ref\":\"#/$defs/d0\",\"$defs\":{\"d3000\":{},"
            + Many(3_000, i => $"\"d{i}\":{{\"items\":{{\"$ref\":\"#/$defs/d{i + 1}\"}}}}") + "}}",
        ["5,000 values that all must come"] = () =>
            $$"""{"type":"array","uniqueItems":true,"minItems":5000,"items":{"enum":[{{Many(5_000, i => $"\"v{i}\"")}}]} }""",
        ["values that nearly all must come"] = () =>
            """{"type":"array","uniqueItems":true,"minItems":65000,"items":{"type":"integer","minimum":0,"maximum":65535}}""",
        ["many counted kinds"] = () =>
            """{"type":"array","items":{"type":"integer"},"contains":{"multipleOf":7},"minContains":900,"maxContains":1100}""",
        ["a fine grid"] = () => """{"type":"number","multipleOf":0.0001,"minimum":-1e30,"maximum":1e30}""",
        ["deep brackets"] = () => $"{string.Concat(Enumerable.Repeat("{\"items\":", 120))}{{}}{new string('}', 120)}",
    };

    private static string Many(int count, Func<int, string> one) => string.Join(',', Enumerable.Range(0, count).Select(one));

    private static void Walk(CompiledGrammar grammar, Random random, int steps)
    {
        GrammarState state = grammar.Start;
        for (int i = 0; i < steps && !state.IsComplete; i++)
        {
            TokenSet tokens = grammar.TokensOf(state);
            Assert.True(tokens.Count > 0 || state.CanEnd, "a dead end");
            int[] ids = [.. Enumerable.Range(0, 256).Where(tokens.Contains)];
            state = grammar.Accept(state, ids[random.Next(ids.Length)])!;
        }
    }

    private void Rules(int count, int seed)
    {
        (int made, int refused) = (0, 0);
        for (int i = 0; i < count; i++)
        {
            var random = new Random((seed * 1_000_000) + i);
            string source = RandomGbnf(random);
            Within(source, () =>
            {
                try
                {
                    Compare(source, random);
                    made++;
                }
                catch (GrammarException refusal)
                {
                    Assert.NotEqual("", refusal.Message);
                    refused++;
                }
            });
        }

        output.WriteLine($"{made} made, {refused} refused");
        Assert.True(made > count / 4 && refused > count / 20, $"{made} made, {refused} refused");
    }

    private static void Compare(string source, Random random)
    {
        Grammar made = Grammar.Gbnf(source);
        CompiledGrammar grammar = CompiledGrammar.Of(made, MadeTokenizer.Bytes, 257);
        if (source.Contains("000000", StringComparison.Ordinal))
        {
            // The oracle writes a million empty rounds down.
            Walk(grammar, random, 30);
            return;
        }

        var oracle = new GrammarOracle(GrammarPruner.Run(made.Rules)!);
        byte[] letters = [.. "abé\n\"]"u8];
        (GrammarState? state, HashSet<int> expected) = (grammar.Start, oracle.Start);
        for (int step = 0; step < 14 && expected.Count < 300; step++)
        {
            Assert.True(state!.CanEnd == oracle.MayEnd(expected), $"{source}: end at {step}");
            TokenSet tokens = grammar.TokensOf(state);
            byte[] follow = [.. letters.Where(value => oracle.After(expected, value).Count > 0)];
            Assert.True(follow.AsSpan().SequenceEqual([.. letters.Where(value => tokens.Contains(value))]), $"{source}: {step}");
            if (follow.Length == 0)
                break;
            byte chosen = follow[random.Next(follow.Length)];
            (state, expected) = (grammar.Accept(state, chosen), oracle.After(expected, chosen));
        }
    }

    private static string RandomGbnf(Random random)
    {
        int rules = random.Next(1, 6);
        var text = new StringBuilder();
        for (int i = 0; i < rules; i++)
            text.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "root" : $"r{i}")} ::= {Node(3)}\n");
        for (int edits = random.Next(3) == 0 ? random.Next(1, 4) : 0; edits > 0 && text.Length > 0; edits--)
        {
            int at = random.Next(text.Length);
            if (random.Next(2) == 0)
                text.Remove(at, 1);
            else
                text.Insert(at, "\"[](){}|*+?^-\\\n#:=,r1"[random.Next(21)]);
        }

        return text.ToString();

        string Node(int depth) => random.Next(depth == 0 ? 5 : 10) switch
        {
            0 => "\"a\"",
            1 => "\"ab\"",
            2 => random.Next(3) switch { 0 => "[ab]", 1 => "[^a]", _ => "[é\\n]" },
            3 => random.Next(4) == 0 ? "." : "\"b\"",
            4 => random.Next(rules) is var rule && rule == 0 ? "root" : $"r{rule}",
            5 or 6 => $"{Node(depth - 1)} {Node(depth - 1)}",
            7 => $"({Node(depth - 1)} | {Node(depth - 1)})",
            _ => $"({Node(depth - 1)}){Times()}",
        };

        string Times() => random.Next(8) switch
        {
            0 => "*",
            1 => "+",
            2 => "?",
            3 => "{2}",
            4 => "{0,40}",
            5 => "{1,1000}",
            6 => "{2,}",
            _ => random.Next(4) == 0 ? "{0,1000000}" : "{0,2}",
        };
    }

    private void Patterns(int count, int seed)
    {
        (int made, int refused) = (0, 0);
        for (int i = 0; i < count; i++)
        {
            var random = new Random((seed * 1_000_000) + i);
            string pattern = RandomPattern(random, 3);
            Within(pattern, () =>
            {
                ByteDfa full;
                try
                {
                    full = RegexLanguage.Full(pattern);
                }
                catch (GrammarException refusal)
                {
                    Assert.NotEqual("", refusal.Message);
                    refused++;
                    return;
                }

                made++;
                if (Other(pattern) is not { } other)
                    return;
                for (int j = 0; j < 40; j++)
                {
                    string text = string.Concat(Enumerable.Range(0, random.Next(7)).Select(_ => "aabbcé1"[random.Next(7)]));
                    // .NET 10 denies that (?:a*|)+ matches the empty text, which it does by ECMAScript.
                    if (text.Length == 0 && pattern.Contains("|)", StringComparison.Ordinal))
                        continue;
                    bool isIn = Language.Contains(full, Encoding.UTF8.GetBytes(text));
                    Assert.True(other.IsMatch(text) == isIn, $"{pattern}: {text}");
                }
            });
        }

        output.WriteLine($"{made} made, {refused} refused");
        Assert.True(made > count / 2, $"{made} made, {refused} refused");
    }

    /// <summary>
    /// Another reader; null: it has its own opinion. The one that goes back counts empty rounds in its own way, the one that does
    /// not go back does not look ahead, nor read what is large.
    /// </summary>
    private static Regex? Other(string pattern)
    {
        bool looks = pattern.Contains("(?=", StringComparison.Ordinal) || pattern.Contains("(?!", StringComparison.Ordinal);
        if (looks && pattern.Contains("{2", StringComparison.Ordinal))
            return null;
        try
        {
            return new Regex($"\\A(?:{pattern})\\z", RegexOptions.CultureInvariant
                | (looks ? RegexOptions.None : RegexOptions.NonBacktracking), TimeSpan.FromSeconds(20));
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private static string RandomPattern(Random random, int depth) => random.Next(depth == 0 ? 4 : 10) switch
    {
        0 => "a",
        1 => "b",
        2 => random.Next(5) switch { 0 => "[^a]", 1 => "[a-c]", 2 => "\\d", 3 => "[^b-d]", _ => "." },
        3 => random.Next(3) == 0 ? "é" : "c",
        4 or 5 => RandomPattern(random, depth - 1) + RandomPattern(random, depth - 1),
        6 => $"(?:{RandomPattern(random, depth - 1)}|{RandomPattern(random, depth - 1)})",
        9 when random.Next(3) == 0 => $"(?:{RandomPattern(random, depth - 1)}|)",
        // What comes twice is never empty, for the same reason.
        7 when random.Next(2) == 0 => $"(?:c{RandomPattern(random, depth - 1)}){(random.Next(2) == 0 ? "{2}" : "{2,}")}",
        8 when random.Next(3) == 0 => $"(?{"=!"[random.Next(2)]}{RandomPattern(random, depth - 1)})",
        _ => $"(?:{RandomPattern(random, depth - 1)}){random.Next(8) switch
        {
            0 => "*",
            1 => "+",
            2 => "?",
            3 => "{0,3}",
            4 => "{1,3}",
            5 => "{0,200}",
            6 => "*?",
            _ => "{1,}",
        }}",
    };

    private static void Within(string what, Action work)
    {
        var clock = Stopwatch.StartNew();
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(clock.Elapsed < Soon, $"{clock.Elapsed}: {what}");
        Assert.True(taken < LittleMemory, $"{taken} bytes: {what}");
    }
}
