using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>Grammars of llama.cpp: what they accept, where they block, however a text is cut; and what is refused.</summary>
public sealed class GbnfTests
{
    private static readonly Lazy<JsonElement> Data = new(() =>
        JsonDocument.Parse(File.ReadAllBytes(Shared.Path("structured", "gbnf.json"))).RootElement);

    private static readonly Lazy<Tokenizer> Gpt2 = new(MadeTokenizer.Gpt2);

    [SharedFact]
    public void TextsAreAcceptedAndBlockedWhereTheyMustBeByBytes()
    {
        int texts = Check(MadeTokenizer.Bytes, text => text.Select(value => (int)value));
        Assert.True(texts > 80, $"{texts} texts");
    }

    [SharedFact]
    public void TheTokensOfARealTokenizerChangeNoVerdict()
    {
        int texts = Check(Gpt2.Value, text => Gpt2.Value.Encode(Encoding.UTF8.GetString(text), addSpecialTokens: false));
        Assert.True(texts > 80, $"{texts} texts");
    }

    [SharedTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void RandomCutsChangeNoVerdict(int seed)
    {
        var cuts = new Dictionary<string, List<byte[]>>();
        foreach (byte[] text in Texts())
            cuts.TryAdd(Convert.ToHexString(text), Cut(text, new Random(seed)));
        Tokenizer tokenizer = MadeTokenizer.Of(cuts.Values.SelectMany(pieces => pieces).DistinctBy(Convert.ToHexString));
        var ids = new Dictionary<string, int>();
        for (int id = 0; id < tokenizer.VocabularySize; id++)
            ids.Add(Convert.ToHexString(tokenizer.BytesOf(id)), id);
        Check(tokenizer, text => cuts[Convert.ToHexString(text)].Select(piece => ids[Convert.ToHexString(piece)]));
    }

    [SharedFact]
    public void InvalidGrammarsAreRefusedWithTheirPlace()
    {
        foreach (JsonElement invalid in Data.Value.GetProperty("invalid_grammars").EnumerateArray())
        {
            GrammarException refused = Assert.Throws<GrammarException>(() =>
                Grammar.Gbnf(invalid.GetProperty("grammar").GetString()!));
            Assert.Matches("^line [0-9]+, column [0-9]+$", refused.Place);
        }
    }

    [Theory]
    [InlineData("root ::= \"a\"\nb ::= root |\n  b \"x\"", "line 2, column 1", "left-recursive")]
    [InlineData("root ::= a\na ::= \"x\" a", "line 1, column 1", "can end nowhere")]
    [InlineData("root ::= \"a\"\n\nroot ::= \"b\"", "line 3, column 1", "given twice")]
    [InlineData("root ::= \"a\" [z-a]", "line 1, column 15", "backwards")]
    [InlineData("root ::= \"a\" []", "line 1, column 14", "empty")]
    [InlineData("root ::= \"\\uD800\"", "line 1, column 11", "no character")]
    [InlineData("root ::= \"\\x4\"", "line 1, column 11", "2 hexadecimal digits")]
    [InlineData("root ::= \"a\"{2", "line 1, column 15", "} is needed")]
    [InlineData("root ::= \"a\"{}", "line 1, column 13", "needs a number")]
    [InlineData("root ::= \"a\"{99999999999}", "line 1, column 14", "1000000")]
    [InlineData("root ::= \"a\")", "line 1, column 13", "needed")]
    [InlineData("root ::= (\"a\"\nb ::= \"c\"", "line 2, column 1", "begins within another")]
    [InlineData("", "line 1, column 1", "no rule 'root'")]
    [InlineData("root ::= * \"a\"", "line 1, column 10", "needed")]
    public void ErrorsTellPlaceAndProblem(string source, string place, string problem)
    {
        GrammarException refused = Assert.Throws<GrammarException>(() => Grammar.Gbnf(source));
        Assert.Equal(place, refused.Place);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("root ::= \"a\"{,2} \"b\"", "aab", true)]
    [InlineData("root ::= \"a\"{,2} \"b\"", "aaab", false)]
    [InlineData("root ::= [a-]+ # comment ] \"\n", "a-a", true)]
    [InlineData("root ::= [^]", "\u20AC", true)]
    [InlineData("root ::= (\n  \"a\" |\n  \"b\"\n)+\n", "abba", true)]
    [InlineData("root ::= a-b\r\na-b ::= \"x\"\r\n", "x", true)]
    [InlineData("root ::= (\"a\"? \"b\"?)* \"c\"", "abbac", true)]
    [InlineData("root ::= (x*)* \"c\"\nx ::= \"(\" x* \")\"", "()(())c", true)]
    [InlineData("root ::= (x*){2,3} \"c\"\nx ::= \"(\" x* \")\" | \"\"", "()(())()()c", true)]
    [InlineData("root ::= |\n\"a\"", "", true)]
    [InlineData("root ::= \"a\" | b\nb ::= \"c\" b", "a", true)]
    [InlineData("root ::= \"a\" | b\nb ::= \"c\" b", "c", false)]
    public void FormsMeanWhatTheyMean(string source, string text, bool accepted)
    {
        CompiledGrammar grammar = CompiledGrammar.Of(Grammar.Gbnf(source), MadeTokenizer.Bytes, 257);
        var walk = new GrammarWalk(grammar);
        Assert.Equal(accepted, MadeTokenizer.Utf8(text).All(value => walk.Accept(value)) && walk.CanEnd);
    }

    private static List<byte[]> Cut(byte[] text, Random random)
    {
        var pieces = new List<byte[]>();
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(random.Next(1, 13), text.Length - at);
            pieces.Add(text[at..(at + length)]);
            at += length;
        }

        return pieces;
    }

    private static IEnumerable<byte[]> Texts()
    {
        foreach (JsonElement grammar in Data.Value.GetProperty("grammars").EnumerateArray())
        {
            foreach (JsonElement text in grammar.GetProperty("accepted").EnumerateArray())
                yield return MadeTokenizer.Utf8(text.GetString()!);
            foreach (JsonElement row in grammar.GetProperty("rejected").EnumerateArray())
                yield return MadeTokenizer.Utf8(row.GetProperty("text").GetString()!);
        }
    }

    private static int Check(Tokenizer tokenizer, Func<byte[], IEnumerable<int>> cut)
    {
        int texts = 0;
        foreach (JsonElement row in Data.Value.GetProperty("grammars").EnumerateArray())
        {
            CompiledGrammar grammar = CompiledGrammar.Of(
                Grammar.Gbnf(row.GetProperty("grammar").GetString()!), tokenizer, tokenizer.VocabularySize);
            foreach (JsonElement accepted in row.GetProperty("accepted").EnumerateArray())
            {
                Assert.Null(BlockedAt(grammar, cut(MadeTokenizer.Utf8(accepted.GetString()!)), out bool canEnd));
                Assert.True(canEnd, $"{row.GetProperty("name")}: {accepted}");
                texts++;
            }

            foreach (JsonElement rejected in row.GetProperty("rejected").EnumerateArray())
            {
                string text = rejected.GetProperty("text").GetString()!;
                int? expected = rejected.GetProperty("blocked_at") is { ValueKind: JsonValueKind.Number } at
                    ? at.GetInt32()
                    : null;
                (int First, int Last)? blocked = BlockedAt(grammar, cut(MadeTokenizer.Utf8(text)), out bool canEnd);
                Assert.False(blocked is null && canEnd, $"{row.GetProperty("name")}: {text}");
                Assert.Equal(expected is null, blocked is null);
                if (expected is not { } place || blocked is not { } range)
                    continue;
                (int first, int last) = BytesOf(text, place);
                Assert.True(range.First < last && range.Last > first, $"{row.GetProperty("name")}: {text} at {range}");
                texts++;
            }
        }

        return texts;
    }

    /// <summary>The bytes of a code point of a text.</summary>
    private static (int First, int Last) BytesOf(string text, int codePoint)
    {
        int[] lengths = [.. text.EnumerateRunes().Select(rune => rune.Utf8SequenceLength)];
        int first = lengths.Take(codePoint).Sum();
        return (first, first + lengths[codePoint]);
    }

    /// <summary>The bytes of the first token that did not follow; null: all did.</summary>
    private static (int First, int Last)? BlockedAt(CompiledGrammar grammar, IEnumerable<int> tokens, out bool canEnd)
    {
        var walk = new GrammarWalk(grammar);
        int at = 0;
        foreach (int token in tokens)
        {
            int length = grammar.Vocabulary.BytesOf(token).Length;
            if (!walk.Accept(token))
            {
                canEnd = false;
                return (at, at + length);
            }

            at += length;
        }

        canEnd = walk.CanEnd;
        return null;
    }
}
