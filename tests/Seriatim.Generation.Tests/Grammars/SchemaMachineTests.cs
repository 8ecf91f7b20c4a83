using System.Text;
using System.Text.Json;
using Seriatim.Tokenizers;
using Xunit.Abstractions;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>
/// Schemas on the automaton that constrains answers, by tokens: the verdict is the oracle's, however a text is cut.
/// </summary>
public class SchemaMachineTests(ITestOutputHelper output)
{
    [SharedFact]
    public void InstancesOfTheOfficialSuiteByteByByte() => Check(SchemaSuite.Official(),
        _ => (MadeTokenizer.Bytes, text => [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)]), 3_600);

    [SharedFact]
    public void InstancesOfRealSchemasByteByByte() => Check(SchemaSuite.Real(),
        _ => (MadeTokenizer.Bytes, text => [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)]), 1_400);

    [SharedFact]
    public void SomeInstancesInTokensOfARealTokenizer() => InTokens(every: 8, 150);

    [SharedFact]
    [Trait("Category", "Long")]
    public void InstancesInTokensOfARealTokenizer() => InTokens(every: 1, 1_400);

    [SharedFact]
    public void SomeInstancesInRandomCuts() => InRandomCuts(every: 8, 150);

    [SharedFact]
    [Trait("Category", "Long")]
    public void InstancesInRandomCuts() => InRandomCuts(every: 1, 1_400);

    private static IEnumerable<SchemaSuite.Case> Real(int every) => SchemaSuite.Real().Where((_, index) => index % every == 0);

    private void InTokens(int every, int atLeast)
    {
        Tokenizer tokenizer = MadeTokenizer.Gpt2();
        Check(Real(every), _ => (tokenizer, text => tokenizer.Encode(text)), atLeast);
    }

    private void InRandomCuts(int every, int atLeast) => Check(Real(every), texts =>
    {
        var random = new Random(7);
        Dictionary<string, string[]> cuts = texts.Distinct().ToDictionary(text => text, text => Cut(text, random));
        byte[][] pieces = [.. cuts.Values.SelectMany(cut => cut).Distinct().Select(Encoding.UTF8.GetBytes)
            .Where(piece => piece.Length > 1)];
        var ids = new Dictionary<string, int>();
        foreach (byte[] piece in pieces)
            ids.Add(Encoding.UTF8.GetString(piece), 256 + ids.Count);
        return (MadeTokenizer.Of(pieces, "</s>"),
            text => [.. cuts[text].Select(piece => ids.TryGetValue(piece, out int id) ? id : piece[0])]);
    }, atLeast);

    private static string[] Cut(string text, Random random)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        var pieces = new List<string>();
        for (int at = 0; at < runes.Length;)
        {
            int length = Math.Min(random.Next(1, 13), runes.Length - at);
            pieces.Add(string.Concat(runes.Skip(at).Take(length)));
            at += length;
        }
        return [.. pieces];
    }

    private void Check(
        IEnumerable<SchemaSuite.Case> cases, Func<IEnumerable<string>, (Tokenizer, Func<string, int[]>)> tokens, int atLeast)
    {
        var work = new List<(Grammar Grammar, List<(string Text, bool Accepted)> Texts)>();
        foreach (SchemaSuite.Case one in cases)
        {
            if (SchemaSuite.Compile(one) is not { } grammar)
                continue;
            using JsonDocument schema = JsonDocument.Parse(one.Schema);
            var oracle = new GrammarOracle(grammar.Rules);
            var instances = new JsonInstances(oracle, schema.RootElement);
            var texts = new List<(string, bool)>();
            foreach ((JsonElement instance, _) in one.Instances)
            {
                string? way = instances.Way(instance);
                texts.Add((way ?? JsonInstances.Compact(instance), way is not null));
            }
            work.Add((grammar, texts));
        }
        (Tokenizer tokenizer, Func<string, int[]> cut) = tokens(work.SelectMany(item => item.Texts.Select(text => text.Text)));
        int walked = 0;
        foreach ((Grammar grammar, List<(string Text, bool Accepted)> texts) in work)
        {
            CompiledGrammar compiled = CompiledGrammar.Of(grammar, tokenizer, tokenizer.VocabularySize);
            foreach ((string text, bool accepted) in texts)
            {
                var walk = new GrammarWalk(compiled);
                bool reached = cut(text).All(walk.Accept) && walk.CanEnd;
                Assert.True(reached == accepted, $"{text}: {reached}, not {accepted}, by {grammar.Source}");
                walked++;
            }
        }
        output.WriteLine($"{walked} texts");
        Assert.True(walked >= atLeast, $"{walked} texts");
    }
}
