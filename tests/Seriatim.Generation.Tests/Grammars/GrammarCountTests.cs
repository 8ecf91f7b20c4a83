using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>Lengths are counted beside small automata, and states that are alike to tokens share what was found.</summary>
public sealed class GrammarCountTests
{
    private static readonly ByteDfa Character = Language.Characters(CodePointSet.Of((' ', '~'), (0xA0, 0x10FFFF)));

    [Theory]
    [InlineData(0, 40)]
    [InlineData(3, 3)]
    [InlineData(30, null)]
    [InlineData(25, 1_000_000)]
    public void RoundsAreWalkedAsTheTableOfAllOfThem(int min, int? max)
    {
        var counted = CountedTerminal.Of(new TableTerminal(Character), min, max);
        ByteDfa table = Language.Repeat(Character, min, max is 1_000_000 ? null : max);
        var random = new Random(min);
        for (int walk = 0; walk < 20; walk++)
        {
            (TerminalPlace state, int expected) = (counted.Start, ByteDfa.Start);
            for (int step = 0; step < 150 && expected != ByteDfa.Dead; step++)
            {
                Assert.Equal(table.Accepts(expected), counted.MayEnd(state));
                Assert.Equal(Terminals.GoesOn(table, expected), counted.MayGoOn(state));
                ByteSet first = counted.First(state);
                Assert.Equal(Terminals.First(table, expected).Count, first.Count);
                byte value = (byte)random.Next(256);
                for (int tries = 0; tries < 50 && !first.Contains(value); tries++)
                    value = (byte)random.Next(256);
                (state, expected) = (counted.Next(state, value), table.Next(expected, value));
                Assert.Equal(expected == ByteDfa.Dead, state.IsDead);
            }
        }
    }

    [Fact]
    public void OnlyWhatIsReadInOneWayIsCounted()
    {
        Assert.True(CountedTerminal.CanCount(Character, 1, 500));
        Assert.False(CountedTerminal.CanCount(Character, 1, int.MaxValue));
        Assert.False(CountedTerminal.CanCount(RegexLanguage.Full("ab?"), 1, 500));
        Assert.False(CountedTerminal.CanCount(RegexLanguage.Full("a?"), 1, 500));
        Assert.False(CountedTerminal.CanCount(RegexLanguage.Full("(ab)*[^a]"), 1, 500));
        Assert.False(CountedTerminal.CanCount(Character, 0, 0));
    }

    [Fact]
    public void ARoundThatComesBackToItsStartIsNotDone()
    {
        CompiledGrammar grammar = CompiledGrammar.Of(
            Grammar.Gbnf("root ::= \"b\" ((\"ab\")* [^a]){1,100}"), MadeTokenizer.Bytes, 257);
        var walk = new GrammarWalk(grammar);
        Assert.All("bb"u8.ToArray(), value => Assert.True(walk.Accept(value)));
        Assert.True(walk.CanEnd);
        Assert.All("ab"u8.ToArray(), value => Assert.True(walk.Accept(value)));
        Assert.False(walk.CanEnd);
        Assert.True(walk.Accept('x') && walk.CanEnd);
    }

    [Fact]
    public void OneTableTellsWhatTokensDoHoweverManyRoundsMayCome()
    {
        Tokenizer tokenizer = Vocabulary();
        GrammarVocabulary vocabulary = GrammarVocabulary.Of(tokenizer, tokenizer.VocabularySize);
        var body = new TableTerminal(Character);
        RoundsMask mask = vocabulary.RoundsOf(body, ByteDfa.Start, 0);
        Assert.Same(mask, vocabulary.RoundsOf(body, ByteDfa.Start, 0));
        Assert.True(mask.Longest >= 40);
        for (int most = 0; most <= mask.Longest + 2; most++)
        {
            var counted = CountedTerminal.Of(body, 0, Math.Max(1, most));
            ulong[] words = new ulong[(vocabulary.Size - 1) / 64 + 1];
            mask.OrInto(words, most);
            for (int id = 0; id < vocabulary.Size; id++)
            {
                TerminalPlace state = most == 0 ? TerminalPlace.Dead : counted.Start;
                ReadOnlySpan<byte> bytes = vocabulary.BytesOf(id).Span;
                for (int i = 0; i < bytes.Length && !state.IsDead; i++)
                    state = counted.Next(state, bytes[i]);
                Assert.Equal(!bytes.IsEmpty && !state.IsDead, (words[id >> 6] >> id & 1) != 0);
            }
        }
    }

    [Fact]
    public void StatesFarFromALimitAreAlike()
    {
        var terminal = new TableTerminal(Language.Repeat(Character, 40, 400));
        int[] alike = TerminalLikeness.Of(terminal, 24);
        int most = 9 * (2 * 24 + 2);
        Assert.True(alike.Max() < most, $"{alike.Max()} kinds of {alike.Length} states");
        var random = new Random(1);
        foreach (IGrouping<int, int> group in Enumerable.Range(0, alike.Length).GroupBy(state => alike[state]))
        {
            for (int text = 0; text < 50; text++)
            {
                int[] states = [.. group.Take(8)];
                for (int i = 0; i < 24 && states[0] != ByteDfa.Dead; i++)
                {
                    Assert.Single(states.Select(state => (terminal.Accepts[state], terminal.GoesOn[state])).Distinct());
                    byte value = (byte)(random.Next(8) == 0 ? random.Next(256) : random.Next(' ', '~'));
                    states = [.. states.Select(state => terminal.Next(state, value))];
                    Assert.Single(states.Select(state => state == ByteDfa.Dead).Distinct());
                }
            }
        }
    }

    [Fact]
    public void MasksOfStatesThatAreAlikeAreFoundOnce()
    {
        Tokenizer tokenizer = Vocabulary();
        GrammarVocabulary vocabulary = GrammarVocabulary.Of(tokenizer, tokenizer.VocabularySize);
        var terminal = new TableTerminal(Language.Repeat(RegexLanguage.Full("[a-z ]"), 0, 300));
        var plain = new TableTerminal(terminal.Language);
        int state = ByteDfa.Start;
        var near = new HashSet<TokenSet>(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < 300; i++)
        {
            TerminalMask mask = vocabulary.MaskOf(terminal, state, 0);
            if (i is > 10 and < 250)
                near.Add(terminal.Near!.Find(state, 0)!.Inside);
            ulong[] words = new ulong[(vocabulary.Size - 1) / 64 + 1];
            var exits = new List<int>();
            vocabulary.TrieFor(0).Trie.Walk(plain, state, 0, words, exits);
            Assert.Equal(TokenSet.Of(words, vocabulary.Size).Count, mask.Inside.Count);
            Assert.All(Enumerable.Range(0, vocabulary.Size), id =>
                Assert.Equal((words[id >> 6] >> id & 1) != 0, mask.Inside.Contains(id)));
            Assert.Equal(exits.Order(), mask.Exits.Order());
            state = terminal.Next(state, (byte)'a');
        }

        Assert.Single(near);
    }

    /// <summary>Words of up to 60 letters, and some with other characters.</summary>
    private static Tokenizer Vocabulary()
    {
        var random = new Random(5);
        string[] runes = [.. "abcdefg é\u20AC😀\"!".EnumerateRunes().Select(rune => rune.ToString())];
        return MadeTokenizer.Of(Enumerable.Range(0, 3000).Select(i => MadeTokenizer.Utf8(string.Concat(
            Enumerable.Range(0, i % 50 == 0 ? random.Next(20, 60) : random.Next(2, 9))
                .Select(_ => runes[random.Next(i % 3 == 0 ? runes.Length : 8)])))), "</s>");
    }
}
