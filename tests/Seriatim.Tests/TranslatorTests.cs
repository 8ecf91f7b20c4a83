using Seriatim.Generation;

namespace Seriatim.Tests;

/// <summary>Translations: the engine's best beams, in order, with the words the model's config has for a direction.</summary>
public sealed class TranslatorTests : IDisposable
{
    private static readonly LanguageModelOptions Small = new() { Threads = 1 };
    private static readonly TranslationOptions Short = new() { Beams = 2, MaxNewTokens = 6 };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Translations_are_the_engines_best_beams_in_order()
    {
        TinyModels.WriteMarian(_folder.Path);
        using Translator translator = await Translator.OpenAsync(_folder.Path, Small);
        Assert.Empty(translator.Directions);
        string[] texts = [.. Enumerable.Range(0, 140).Select(i => $"the cat number {i} sat")];
        List<Translation> many = await translator.TranslateManyAsync(texts, Short).ToListAsync();
        Assert.Equal(texts, many.Select(t => t.Source));
        Assert.Equal(many[39].Text, await translator.TranslateAsync(texts[39], Short));
        GenerationResult best = await translator.Engine.CompleteAsync(translator.Request(texts[3], Short));
        Assert.Equal((best.Choices[0].Text.Trim(), best.Choices[0].Score), (many[3].Text, many[3].Score));
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        Assert.True((await model.ScoreAsync("the cat", source: "the mat")).Logprob < 0);
        await Assert.ThrowsAsync<ModelTaskException>(() => model.ScoreAsync("the cat"));
        Assert.Contains("no languages",
            (await Assert.ThrowsAsync<ModelTaskException>(() =>
                translator.TranslateAsync("x", Short with { To = "en" }))).Message);
    }

    [Fact]
    public async Task The_script_chooses_the_direction_unless_it_is_said()
    {
        TinyModels.WriteT5(_folder.Path);
        using Translator translator = await Translator.OpenAsync(_folder.Path, Small);
        Assert.Equal(["zh to en", "en to zh"], translator.Directions.Select(d => $"{d}"));
        List<Translation> guessed = await translator.TranslateManyAsync(["我爱 the cat", "the cat", " \t", "42"], Short)
            .ToListAsync();
        Assert.Equal(["en", "zh", null, "zh"], guessed.Select(t => t.Direction?.To));
        Assert.Equal("", guessed[2].Text);

        // The prefix is all that a direction is.
        string prefix = translator.Directions[0].Prefix;
        Assert.Equal(translator.Tokenizer.Encode(prefix + "我"), translator.Request("我").EncoderInput.ToArray());
        Assert.Equal(translator.Tokenizer.Encode(prefix + "the cat"),
            translator.Request("the cat", new() { To = "EN" }).EncoderInput.ToArray());
        Assert.Equal(translator.Tokenizer.Encode("x the cat"),
            translator.Request("the cat", new() { Prefix = "x " }).EncoderInput.ToArray());
        Assert.Throws<ModelTaskException>(() => translator.Request("a", new() { Prefix = "x", To = "en" }));
        Assert.Contains("en to zh",
            Assert.Throws<ModelTaskException>(() => translator.Request("a", new() { To = "fr" })).Message);
        Assert.Throws<ModelTaskException>(() => translator.Request("a", new() { From = "en", To = "en" }));
        Assert.Throws<ModelTaskException>(() => translator.Request("a", new() { Beams = 1, LengthPenalty = 2 }));
    }

    [Fact]
    public async Task Languages_of_one_script_have_to_be_named()
    {
        TinyModels.WriteT5(_folder.Path,
            """{"translation_en_to_de": {"prefix": "to German: "}, "translation_en_to_fr": {"prefix": "to French: "}}""");
        using Translator translator = await Translator.OpenAsync(_folder.Path, Small);
        Assert.Contains("more than one", Assert.Throws<ModelTaskException>(() => translator.Request("the cat")).Message);
        Assert.Equal(translator.Tokenizer.Encode("to French: the cat"),
            translator.Request("the cat", new() { To = "fr" }).EncoderInput.ToArray());
    }

    [Fact]
    public async Task A_text_that_is_too_long_is_named_after_those_before_it()
    {
        TinyModels.WriteT5(_folder.Path);
        using Translator translator = await Translator.OpenAsync(_folder.Path, Small);
        string tooLong = string.Concat(Enumerable.Repeat("cat ", 600));
        var given = new List<Translation>();
        TextTooLongException failure = await Assert.ThrowsAsync<TextTooLongException>(async () =>
        {
            await foreach (Translation translation in translator.TranslateManyAsync(["the cat", tooLong, "the cat"], Short))
                given.Add(translation);
        });
        Assert.Single(given);
        Assert.Equal((2, translator.MaxInputTokens), (failure.Number, failure.Limit));
        Assert.Equal(translator.Tokenizer.Encode(translator.Directions[1].Prefix + tooLong).Length, failure.Tokens);
    }

    [Fact]
    public async Task Each_text_is_begun_as_it_comes()
    {
        TinyModels.WriteT5(_folder.Path);
        using Translator translator = await Translator.OpenAsync(_folder.Path, Small);
        var first = new TaskCompletionSource();
        await using IAsyncEnumerator<Translation> translations = translator.TranslateManyAsync(Texts(), Short)
            .GetAsyncEnumerator();

        // The second text comes only after the first translation.
        Assert.True(await translations.MoveNextAsync());
        first.SetResult();
        Assert.True(await translations.MoveNextAsync());
        Assert.False(await translations.MoveNextAsync());

        async IAsyncEnumerable<string> Texts()
        {
            yield return "the cat";
            await first.Task;
            yield return "a song";
        }
    }

    [Fact]
    public async Task A_model_for_whole_translations_refines_them_and_takes_no_beams()
    {
        TinyModels.WriteMaskPredict(_folder.Path);
        using Translator translator = await Translator.OpenAsync(_folder.Path, Small);
        Assert.True(translator.FillsIn);
        var told = new List<RefinementStep>();
        var silent = new TranslationOptions { To = "en", Iterations = 4, LengthCandidates = 2, MaxNewTokens = 20 };
        TranslationOptions options = silent with { Steps = new Teller(told) };
        Translation whole = await translator.TranslateManyAsync(["the cat"], options).SingleAsync();
        Assert.Equal([1, 2, 3, 4], told.Select(step => step.Pass));
        Assert.Equal(whole.Text, told[^1].Text.Trim());
        Assert.True(told[^1].TokenIds.Count <= 20 && whole.Score < 0);
        string[] texts = [.. Enumerable.Range(0, 30).Select(i => $"the cat number {i} sat")];
        List<Translation> many = await translator.TranslateManyAsync(texts, silent).ToListAsync();
        Assert.Equal(many[17].Text, await translator.TranslateAsync(texts[17], silent));
        Assert.Equal(10, translator.Request("the cat", new() { To = "en" }).MaskPredict!.Iterations);
        Assert.Equal("Beams", (await Assert.ThrowsAsync<InvalidOptionException>(() =>
            translator.TranslateAsync("the cat", options with { Beams = 4 }))).Option);
        Assert.Equal("LengthPenalty", (await Assert.ThrowsAsync<InvalidOptionException>(() =>
            translator.TranslateAsync("the cat", options with { LengthPenalty = 1.2 }))).Option);
        using var other = new TempFolder();
        TinyModels.WriteMarian(other.Path);
        using Translator beams = await Translator.OpenAsync(other.Path, Small);
        Assert.False(beams.FillsIn);
        foreach ((string option, TranslationOptions wrong) in new (string, TranslationOptions)[]
        {
            ("Iterations", new() { Iterations = 3 }), ("LengthCandidates", new() { LengthCandidates = 2 }),
            ("Steps", new() { Steps = new Teller([]) }),
        })
        {
            Assert.Equal(option,
                (await Assert.ThrowsAsync<InvalidOptionException>(() => beams.TranslateAsync("the cat", wrong))).Option);
        }
    }

    private sealed class Teller(List<RefinementStep> told) : IProgress<RefinementStep>
    {
        public void Report(RefinementStep value) => told.Add(value);
    }
}
