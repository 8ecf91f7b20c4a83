using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Tests;

/// <summary>The translator that this repository ships, by its name.</summary>
public sealed class BuiltInTranslatorTests
{
    [Fact]
    public async Task Translates_both_ways_whatever_comes_along()
    {
        using Translator translator = await Translator.OpenAsync("zh-en");
        Assert.Equal("I love studying.", await translator.TranslateAsync("我爱学习"));
        string[] texts = ["我爱学习", "I love studying.", "", "他在家吗？", "Where is the station?"];
        var together = new List<Translation>();
        await foreach (Translation translation in translator.TranslateManyAsync(texts))
            together.Add(translation);
        Assert.Equal(["en", "zh", null, "en", "zh"], together.Select(t => t.Direction?.To));
        using Translator single = await Translator.OpenAsync("zh-en", new LanguageModelOptions { Threads = 1 });
        foreach (Translation translation in together)
            Assert.Equal(await single.TranslateAsync(translation.Source), translation.Text);
    }

    /// <summary>In 8 bits it has translations of its own, which depend on nothing else.</summary>
    [Fact]
    public async Task Translates_with_weights_of_8_bits()
    {
        var bytes = new LanguageModelOptions { Storage = WeightStorage.Q8 };
        using Translator translator = await Translator.OpenAsync("zh-en", bytes),
            single = await Translator.OpenAsync("zh-en", bytes with { Threads = 1 });
        Assert.NotEmpty(translator.Model.Matrices);
        string[] texts = ["我爱学习", "I love studying.", "他在家吗？", "Where is the station?"];
        await foreach (Translation translation in translator.TranslateManyAsync(texts))
            Assert.Equal(await single.TranslateAsync(translation.Source), translation.Text);
        Assert.Equal("I love studying.", await translator.TranslateAsync("我爱学习"));
    }

    /// <summary>What was said is kept, the usual number too; what was not said may be another for such a model.</summary>
    [Theory]
    [InlineData(null, 256)]
    [InlineData(64, 64)]
    [InlineData(8, 8)]
    public async Task Runs_many_texts_at_a_time_unless_it_is_said_how_many(int? said, int expected)
    {
        var engine = new EngineOptions();
        engine = said is { } most ? engine with { MaxSequences = most } : engine;
        Assert.Equal(said ?? 64, engine.MaxSequences);
        using Translator translator = await Translator.OpenAsync("zh-en", new LanguageModelOptions { Engine = engine });
        Assert.Equal(expected, translator.Engine.Options.MaxSequences);
    }
}
