using System.Text;
using System.Text.Json;

namespace Seriatim.Generation.Tests.Grammars;

public class RegexTests
{
    [SharedFact]
    public void EveryLabelOfTheSharedPatternsHolds()
    {
        var wrong = new List<string>();
        int patterns = 0, labels = 0;
        foreach (string line in File.ReadLines(Shared.Path("structured", "regex", "regex.jsonl")))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string pattern = row.RootElement.GetProperty("regex").GetString()!;
            ByteDfa full = RegexLanguage.Full(pattern), search = RegexLanguage.Search(pattern);
            foreach ((string label, ByteDfa language, bool expected) in new[]
            {
                ("full", full, true), ("not_full", full, false), ("search", search, true), ("not_search", search, false),
            })
            {
                foreach (JsonElement text in row.RootElement.GetProperty(label).EnumerateArray())
                {
                    labels++;
                    if (Language.Contains(language, Encoding.UTF8.GetBytes(text.GetString()!)) != expected)
                        wrong.Add($"{pattern}: {label} {text}");
                }
            }
            // The labels come from partial matching, which believes that a character of the empty class [^\s\S] may still come.
            if (pattern != @".*[^\s\S]A|B" && row.RootElement.TryGetProperty("blocked_at", out JsonElement blocked))
                wrong.AddRange(WronglyBlocked(pattern, full, row.RootElement.GetProperty("not_full"), blocked));
            patterns++;
        }
        Assert.Empty(wrong);
        Assert.True(patterns >= 141 && labels >= 2_486, $"{patterns} patterns, {labels} labels");
    }

    [Theory]
    [InlineData(@"(a)\1", "back-references")]
    [InlineData(@"\bx", "word boundaries")]
    [InlineData("(?<=a)b", "looking behind")]
    [InlineData("(?i)b", "flags inside a pattern")]
    [InlineData("a**", "a quantifier after a quantifier")]
    [InlineData("*a", "nothing to repeat")]
    [InlineData("a{3,2}", "{3,2} has its numbers out of order")]
    [InlineData("(a", "position 0: a ( without its )")]
    [InlineData("ab)", "position 2: a ) without its (")]
    [InlineData("x[a", "position 1: a [ without its ]")]
    [InlineData("[b-a]", "out of order")]
    [InlineData(@"\p{Script=Greek}", "general categories")]
    [InlineData(@"\ud83d", "surrogate")]
    [InlineData(@"a\", "a \\ at the end")]
    [InlineData("((?=a)b)*", "inside a repetition")]
    [InlineData("(?!x*^a)[a-z]+", "^ behind something that can be empty or not")]
    [InlineData("^(?!(?:b|x?)(?:c|^a))[a-z]+$", "^ behind something that can be empty or not")]
    [InlineData("a$b", "matches no text")]
    [InlineData("(a|b)*a(a|b){18}", "more than 20000 states")]
    [InlineData("(((((a{1,100}){1,100}){1,100}){1,100}){1,100})", "more than 20000 states")]
    public void WhatIsNotRegularOrTooLargeIsRefusedByName(string pattern, string message)
    {
        var error = Assert.Throws<GrammarException>(() => Grammar.Regex(pattern));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("^(?!@@)[@a-z]+$", "@a ab @", "@@ @@a A")]
    [InlineData(@"^(?!\.{1,2}$)(?!.*\/)[a-z\-\._/]+$", "a ... .a", ". .. a/b")]
    [InlineData("(?=a)[a-z]b", "ab xxab", "bb xb")]
    [InlineData("^(?:(?!x)[a-z]|y!)$", "a y!", "x y!!")]
    [InlineData(@"^\p{Lu}\u{1F600}$", "A\U0001F600 Ä\U0001F600", "a\U0001F600 A")]
    [InlineData(@"^\ud83d\ude00+$", "\U0001F600\U0001F600", "x")]
    [InlineData("^{.*}$", "{} {a}", "{ a}")]
    [InlineData("^(?!()^a)[a-z]+$", "b ba", "a ab")]
    [InlineData("^(?!x+^a)[a-z]+$", "b xa a", "A")]
    [InlineData("(^a|b$)", "a ab xb", "ba xa")]
    [InlineData(@"^[\w-.]$", "- . a", "+ /")]
    [InlineData(@"^[^\s]$", "a", "\u00a0 \ufeff")]
    public void MatchesSomewhere(string pattern, string texts, string others)
    {
        ByteDfa language = RegexLanguage.Search(pattern);
        Assert.All(texts.Split(' '), text => Assert.True(Language.Contains(language, Encoding.UTF8.GetBytes(text)), text));
        Assert.All(others.Split(' '), text => Assert.False(Language.Contains(language, Encoding.UTF8.GetBytes(text)), text));
    }

    [Fact]
    public void TheAlgebraKeepsItsLaws()
    {
        ByteDfa a = RegexLanguage.Full("(ab|é)*c?"), b = RegexLanguage.Full("[a-c]{0,4}");
        ByteDfa both = Language.Intersect(a, b), either = Language.Union(a, b);
        Assert.True(Language.AreEqual(both, Language.Complement(Language.Union(Language.Complement(a), Language.Complement(b)))));
        Assert.True(Language.AreEqual(Language.Except(a, b), Language.Intersect(a, Language.Complement(b))));
        Assert.True(Language.AreEqual(either, Language.Union(b, a, both)));
        Assert.True(Language.IsWithin(both, a) && !Language.IsWithin(either, a));
        Assert.True(Language.Intersect(a, Language.Complement(a)).IsEmpty);
        Assert.True(Language.AreEqual(Language.Any, Language.Complement(Language.None)));
        Assert.True(Language.AreEqual(Language.After(a, "ab"u8), a));
        Assert.Equal("bca"u8, Language.Shortest(Language.Concat(Language.Text("b"), RegexLanguage.Full("c[a-z]")))!);
        Assert.True(Language.AreEqual(Language.Repeat(Language.Text("ab"), 1, 2), Language.Texts(["abab", "ab"])));
    }

    private static IEnumerable<string> WronglyBlocked(string pattern, ByteDfa full, JsonElement texts, JsonElement blocked)
    {
        foreach ((JsonElement text, JsonElement expected) in texts.EnumerateArray().Zip(blocked.EnumerateArray()))
        {
            int state = ByteDfa.Start, index = 0;
            int? at = null;
            foreach (Rune rune in text.GetString()!.EnumerateRunes())
            {
                foreach (byte value in Encoding.UTF8.GetBytes(rune.ToString()))
                    state = state == ByteDfa.Dead ? state : full.Next(state, value);
                if (state == ByteDfa.Dead)
                {
                    at = index;
                    break;
                }
                index++;
            }
            int? wanted = expected.ValueKind == JsonValueKind.Null ? null : expected.GetInt32();
            if (at != wanted)
                yield return $"{pattern}: {text} blocked at {at}, not at {wanted}";
        }
    }
}
