using FsCheck;
using FsCheck.Fluent;

namespace Seriatim.Tokenizers.Tests;

/// <summary>The scanners written by hand cut exactly like the expressions they stand for.</summary>
public sealed class WordScannerTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements(" ", "  ", "\n", "\r", "\r\n", "\t", "\u00A0", "\u3000", "'", "'s", "'S", "'ll", "'RE", "'d", "'ſ", "a",
            "Zz", "é", "我", "1",
            "23", "½", "٣", "!", "?!", "\u0301", "🙂", "𝔘", "𝟙", "_", "\u200D", "\0"),
        Gen.Choose(0, 0xD7FF).Select(c => ((char)c).ToString()))
        .ListOf().Select(string.Concat);

    public static TheoryData<string> Patterns() => new(WordScanner.Patterns);

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Cuts_like_its_expression(string pattern)
    {
        var expression = new RegexPattern(pattern, "test", "pattern");
        WordScanner scanner = WordScanner.For(pattern)!;
        Prop.ForAll(Texts.ToArbitrary(), text => Assert.Equal(Cut(expression, text), Cut(scanner, text)))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(42, 1));
        foreach (string text in Samples.Hard.Concat(Samples.TrainingTexts))
        {
            string sane = Samples.Sanitized(text);
            Assert.Equal(Cut(expression, sane), Cut(scanner, sane));
        }
    }

    [SharedFact]
    public void Cuts_a_real_text_like_the_expressions()
    {
        string text = File.ReadAllText(Shared.PathOf("data", "stories", "valid.txt"))[..100_000]
            + File.ReadAllText(Shared.PathOf("data", "zh-novel", "valid.txt"))[..20_000];
        foreach (string pattern in WordScanner.Patterns.Take(6))
        {
            Assert.Equal(Cut(new RegexPattern(pattern, "test", "pattern"), text), Cut(WordScanner.For(pattern)!, text));
        }
    }

    // Isolating split: matches and what lies between them are pieces.
    private static List<string> Cut(TextPattern pattern, string text)
    {
        var matches = new PieceList();
        pattern.FindAll(text, matches);
        var pieces = new PieceList();
        Splitter.Cut(matches, 0, text.Length, SplitBehavior.Isolated, false, pieces);
        var result = new List<string>();
        foreach ((int start, int end) in pieces.Span)
        {
            result.Add(text[start..end]);
        }

        return result;
    }
}
