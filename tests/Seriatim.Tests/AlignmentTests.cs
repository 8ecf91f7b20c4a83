using Seriatim.Inspection;

namespace Seriatim.Tests;

/// <summary>Alignment by cross-attention, with the translators that this repository ships.</summary>
public sealed class AlignmentTests
{
    [Theory]
    [InlineData("zh-en")]
    [InlineData("zh-en-nar")]
    public async Task Words_are_aligned_with_what_they_were_read_from(string name)
    {
        await using Translator translator = await Translator.OpenAsync(name, new LanguageModelOptions { Threads = 1 });
        const string source = "我爱学习";
        TranslationAlignment aligned = await translator.AlignAsync(source, "I love studying.");
        Assert.Equal(aligned.Target.Count, aligned.Weights.Count);
        Assert.All(aligned.Weights, row =>
        {
            Assert.Equal(aligned.Source.Count, row.Count);
            Assert.Equal(1, row.Sum(), 1e-5);
        });
        Assert.Equal("I love studying.", string.Concat(aligned.Target.Select(token => token.Text)).Trim());
        if (translator.FillsIn)
            return; // a small model that fills in looks at the source as a whole
        string love = MostFor(aligned, "love");
        Assert.True(love.Contains('爱', StringComparison.Ordinal), $"'love' was read from '{love}'.");
    }

    [Fact]
    public async Task What_cannot_be_aligned_says_why()
    {
        await using Translator translator = await Translator.OpenAsync("zh-en", new LanguageModelOptions { Threads = 1 });
        Assert.Contains("no tokens", (await Assert.ThrowsAsync<ModelTaskException>(
            () => translator.AlignAsync("我", ""))).Message, StringComparison.Ordinal);
        Assert.Contains("layer 99", (await Assert.ThrowsAsync<ModelTaskException>(
            () => translator.AlignAsync("我", "I", layer: 99))).Message, StringComparison.Ordinal);
    }

    private static string MostFor(TranslationAlignment aligned, string word)
    {
        int target = aligned.Target.Select((token, i) => (token, i)).First(one => one.token.Text.Trim() == word).i;
        IReadOnlyList<float> row = aligned.Weights[target];
        return aligned.Source[Enumerable.Range(0, row.Count).MaxBy(i => row[i])].Text;
    }
}
