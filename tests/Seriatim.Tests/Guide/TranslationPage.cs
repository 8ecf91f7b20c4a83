using Seriatim;

namespace GuidePages;

/// <summary>The snippets of docs/guide/translation.md as they stand, in a namespace that sees nothing but their usings.</summary>
internal static class TranslationPage
{
    public static async Task RunAsync(string folder, StringWriter console)
    {
        using var translator = await Translator.OpenAsync(folder);
        console.WriteLine(await translator.TranslateAsync("我爱学习"));
        await foreach (Translation translation in translator.TranslateManyAsync(["我爱学习", "the cat"]))
            console.WriteLine($"{translation.Direction}: {translation.Text}");
        var options = new TranslationOptions { To = "zh", Beams = 2, LengthPenalty = 1.2, MaxNewTokens = 40 };
        string chinese = await translator.TranslateAsync("the cat", options);

        Assert.Contains("zh to en: ", $"{console}");
        Assert.NotNull(chinese);
    }
}
