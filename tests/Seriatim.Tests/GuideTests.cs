using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Seriatim.Generation;
using ChatMessage = Seriatim.Tokenizers.ChatMessage;

namespace Seriatim.Tests;

/// <summary>The snippets of docs/guide/library.md and translation.md, line by line.</summary>
public sealed class GuideTests
{
    [Fact]
    public async Task Snippets_run()
    {
        using var temp = new TempFolder();
        string folder = temp.Path;
        TinyModels.WriteLlama(folder);
        using var console = new StringWriter();

        using var model = await LanguageModel.OpenAsync(folder);
        await foreach (var piece in model.GenerateAsync("the cat", maxNewTokens: 20, seed: 1))
            console.Write(piece.Text);
        var request = model.Request("the cat") with
        {
            MaxNewTokens = 20,
            Sampling = new SamplingOptions { Temperature = 0.7f, TopP = 0.9f },
            Logprobs = 2,
        };
        var result = await model.CompleteAsync(request);
        ChatMessage[] messages = [new("system", "sing"), new("user", "the cat")];
        await foreach (var piece in model.ChatAsync(messages, maxNewTokens: 20))
            console.Write(piece.Text);
        TextScore score = await model.ScoreAsync("the cat sat");
        console.WriteLine($"{score.Perplexity} {score.Logprob}");
        using var encoder = await TextEncoder.OpenAsync(folder);
        encoder.TextsTruncated += (_, cut) => console.WriteLine(cut);
        IReadOnlyList<float[]> vectors = await encoder.EmbedAsync(["the cat", "the mice"]);
        IChatClient chat = model.AsChatClient();
        ChatResponse response = await chat.GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 20 });
        var services = new ServiceCollection().AddSeriatim(folder);
        Assert.Equal(2, vectors.Count);
        Assert.Equal(2, services.Count);
        Assert.NotNull(response);
        Assert.Single(result.Choices);
    }

    [Fact]
    public async Task Snippets_of_translation_run()
    {
        using var temp = new TempFolder();
        string folder = temp.Path;
        TinyModels.WriteT5(folder);
        using var console = new StringWriter();

        using var translator = await Translator.OpenAsync(folder);
        console.WriteLine(await translator.TranslateAsync("我爱学习"));
        await foreach (Translation translation in translator.TranslateManyAsync(["我爱学习", "the cat"]))
            console.WriteLine($"{translation.Direction}: {translation.Text}");
        var options = new TranslationOptions { To = "zh", Beams = 2, LengthPenalty = 1.2, MaxNewTokens = 40 };
        string chinese = await translator.TranslateAsync("the cat", options);
        Assert.Contains("zh to en: ", $"{console}");
        Assert.NotNull(chinese);
    }

    /// <summary>Every line of the guide's code stands in this file too, so that it compiles.</summary>
    [Theory]
    [InlineData("library.md")]
    [InlineData("translation.md")]
    public void Snippets_are_those_of_the_guide(string page)
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Seriatim.Tests", "GuideTests.cs"));
        string[] parts = File.ReadAllText(Path.Combine(Repository.Root, "docs", "guide", page)).Split("```csharp\n");
        foreach (string line in parts.Skip(1).SelectMany(part => part[..part.IndexOf("```", StringComparison.Ordinal)].Split('\n', StringSplitOptions.TrimEntries)))
            Assert.Contains(line.Replace("Console.", "console.", StringComparison.Ordinal), source);
    }
}
