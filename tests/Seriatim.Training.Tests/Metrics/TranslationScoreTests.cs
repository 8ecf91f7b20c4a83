namespace Seriatim.Training.Tests;

public sealed class TranslationScoreTests
{
    [Theory]
    [InlineData("Hello, world!", "Hello|,|world|!")]
    [InlineData("It's 3.14, (really) 1,000-fold; a-b.", "It's|3.14|,|(|really|)|1,000|-|fold|;|a-b|.")]
    [InlineData("&quot;A&amp;B&quot; <skipped>x/y", "\"|A|&|B|\"|x|/|y")]
    [InlineData("$5.00 in 2020.", "$|5.00|in|2020|.")]
    public void Western_text_is_cut_as_by_mteval_13a(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', BleuTokens.Split(text, BleuTokenizer.Mteval13A)));

    [Theory]
    [InlineData("我爱C#，你呢？", "我|爱|C|#|，|你|呢|？")]
    [InlineData(" 3.5元 ok.", "3.5|元|ok|.")]
    public void Chinese_text_is_cut_by_character(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', BleuTokens.Split(text, BleuTokenizer.Chinese)));

    [Fact]
    public void Characters_are_tokens_and_spaces_are_not() =>
        Assert.Equal(["a", "b", "你", "."], BleuTokens.Split("a b你.", BleuTokenizer.Character));

    [Fact]
    public void Bleu_follows_its_definition()
    {
        // 6 of 7, 4 of 6, 2 of 5 and 1 of 4 n-grams match: "the cat sat on a mat ." against "the cat sat on the mat .".
        BleuScore score = Bleu.Corpus(["the cat sat on a mat."], [["the cat sat on the mat."]]);
        Assert.Equal([6 / 7.0, 4 / 6.0, 2 / 5.0, 1 / 4.0], score.Precisions.Select(p => p / 100), Close);
        Assert.Equal(100 * Math.Pow(6 / 7.0 * 4 / 6 * 2 / 5 / 4, 0.25), score.Score, 1e-9);
        Assert.Equal(100, Bleu.Corpus(["a b c d", "e f g h"], [["a b c d"], ["e f g h"]]).Score, 1e-9);
    }

    [Fact]
    public void Orders_without_a_match_count_half_of_the_last()
    {
        // 1-grams 3 of 4; 2-grams 1 of 3; none of 2 and 1: 100/(2*2) and 100/(4*1).
        BleuScore score = Bleu.Corpus(["a b x c"], [["a b c d"]]);
        Assert.Equal([75, 100 / 3.0, 25, 25], score.Precisions, Close);
        Assert.Equal(Math.Exp(new[] { 75, 100 / 3.0, 25, 25 }.Sum(Math.Log) / 4), score.Score, 1e-9);
        Assert.Equal(0, Bleu.Corpus(["x y z w"], [["a b c d"]]).Score);
    }

    [Fact]
    public void Short_output_is_penalised_against_the_closest_reference()
    {
        BleuScore score = Bleu.Corpus(["a b c d"], [["a b c d e f", "a b c d e f g h"]]);
        Assert.Equal((4L, 6L), (score.HypothesisLength, score.ReferenceLength));
        Assert.Equal(Math.Exp(1 - 6 / 4.0), score.BrevityPenalty, 1e-12);
        Assert.Equal(100 * score.BrevityPenalty, score.Score, 1e-9);
        Assert.Equal(3, Bleu.Corpus(["a b c d"], [["a b c d e", "a b c"]]).ReferenceLength);
        Assert.Throws<ArgumentException>(() => Bleu.Corpus(["a"], []));
        Assert.Throws<ArgumentException>(() => Bleu.Corpus(["a"], [[]]));
    }

    [Fact]
    public void Chrf_follows_its_definition()
    {
        Assert.Equal(100, Chrf.Corpus(["the cat"], [["thecat"]]), 1e-9);
        Assert.Equal(0, Chrf.Corpus(["xyz"], [["abc"]]));
        // "abcd" against "abce": 3 of 4, 2 of 3, 1 of 2, 0 of 1; precision = recall, so F is their mean.
        Assert.Equal(100 * (3 / 4.0 + 2 / 3.0 + 1 / 2.0) / 4, Chrf.Corpus(["abcd"], [["abce"]]), 1e-9);
        // "ab" against "abc": precision (1 + 1) / 2, recall (2/3 + 1/2) / 2; F with beta 2 = 5pr / (4p + r).
        double recall = (2 / 3.0 + 1 / 2.0) / 2;
        Assert.Equal(100 * 5 * recall / (4 + recall), Chrf.Corpus(["ab"], [["abc"]]), 1e-9);
        Assert.Equal(100, Chrf.Corpus(["ab"], [["xy", "ab"]]), 1e-9);
    }

    private static bool Close(double a, double b) => Math.Abs(a - b) < 1e-9;
}
