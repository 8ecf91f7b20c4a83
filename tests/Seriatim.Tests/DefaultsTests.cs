using Microsoft.Extensions.AI;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>
/// What a request gets that says nothing: the model's <c>generation_config.json</c>, else one set for everybody; and its seed.
/// </summary>
public sealed class DefaultsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public DefaultsTests() => TinyModels.WriteLlama(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_model_that_says_nothing_has_the_common_defaults()
    {
        using LanguageModel model = await OpenAsync(null);
        var common = new SamplingOptions { Temperature = 0.8f, TopK = 40, TopP = 0.95f, MinP = 0.05f };
        Assert.Equal(common with
        {
            Penalties = model.Defaults.Sampling.Penalties,
            Constraints = model.Defaults.Sampling.Constraints,
        }, model.Defaults.Sampling);
        Assert.Equal(new PenaltyOptions(), model.Defaults.Sampling.Penalties);
        Assert.Null(model.Defaults.Source);
        Assert.Equal([0], model.Defaults.EndIds);
        GenerationRequest request = model.Request("the cat");
        Assert.Same(model.Defaults.Sampling, request.Sampling);
        Assert.Equal((null, null, null), (request.MaxNewTokens, request.SoftMaxNewTokens, request.Seed));
        string expected = await TextOf(model, request with { Sampling = common, MaxNewTokens = 20, Seed = 7 });
        Assert.Equal(expected, (await model.CompleteAsync("the cat", new() { MaxNewTokens = 20, Seed = 7 })).Choices[0].Text);
    }

    [Fact]
    public async Task The_file_serves_library_and_chat_client_alike()
    {
        using LanguageModel model = await OpenAsync("""
            {"do_sample": true, "temperature": 0.6, "top_k": 20.0, "top_p": 0.9, "min_p": 0.0, "typical_p": 0.99, "repetition_penalty": 1.3, "no_repeat_ngram_size": 4,
            "max_new_tokens": 11, "eos_token_id": [2, 0], "bad_words_ids": [[5], [6, 7]], "suppress_tokens": [9], "transformers_version": "5.0", "pad_token_id": null}
            """);
        SamplingOptions said = model.Defaults.Sampling;
        Assert.Equal((0.6f, 20, 0.9f, 0f, 0.99f), (said.Temperature, said.TopK, said.TopP, said.MinP, said.TypicalP));
        Assert.Equal((1.3f, 4), (said.Penalties.Repetition, said.Penalties.NoRepeatNgramSize));
        Assert.Equal([2, 0], model.Defaults.EndIds);
        Assert.Equal([2, 0], model.Engine.Options.EndIds);
        Assert.Empty(model.Defaults.Notes);
        ChatTurn[] conversation = [new("user", "the cat")];
        string expected = await TextOf(model,
            model.ChatRequest(conversation) with { Sampling = said, MaxNewTokens = 11, Seed = 3 });
        string chat = "";
        await foreach (GenerationUpdate update in model.ChatAsync(conversation, new() { Seed = 3 }))
            chat += update.Text;
        Assert.Equal(expected, chat);
        ChatResponse response = await model.AsChatClient()
            .GetResponseAsync([new ChatMessage(ChatRole.User, "the cat")], new ChatOptions { Seed = 3 });
        Assert.Equal(expected, response.Text);
        Assert.Equal(3L, response.AdditionalProperties!["seed"]);

        // A field of the caller's stands above the model's, and leaves the others.
        Assert.Equal(0.9f, (model.Request("x").Sampling with { Temperature = 0.2f }).TopP);
    }

    [Theory]
    [InlineData("""{"do_sample": false}""")]
    [InlineData("""{"do_sample": false, "temperature": 0.7, "top_k": 3}""")]
    [InlineData("""{"temperature": 0}""")]
    public async Task Do_sample_false_is_greedy(string file)
    {
        using LanguageModel model = await OpenAsync(file);
        GenerationResult said = await model.CompleteAsync("the cat", new() { MaxNewTokens = 25 });
        Assert.Equal((await model.CompleteAsync("the cat",
            new() { Sampling = SamplingOptions.Greedy, MaxNewTokens = 25 })).Choices[0].TokenIds, said.Choices[0].TokenIds);
    }

    [Fact]
    public async Task A_length_that_nobody_asked_for_gives_way_and_one_that_was_asked_for_does_not()
    {
        using LanguageModel model = await OpenAsync("""{"max_length": 250, "eos_token_id": []}""");
        GenerationRequest request = model.Request("the cat") with { Seed = 1 };
        int prompt = request.Prompt.Length;
        Assert.Equal(250 - prompt, (await model.CompleteAsync(request)).Choices[0].TokenIds.Count);
        Assert.Equal(256 - prompt,
            (await model.CompleteAsync(
                request with { SoftMaxNewTokens = GenerationDefaults.UsualNewTokens })).Choices[0].TokenIds.Count);
        Assert.Equal(9, (await model.CompleteAsync(request with { SoftMaxNewTokens = 9 })).Choices[0].TokenIds.Count);
        var refused = await Assert.ThrowsAsync<PromptTooLongException>(() =>
            model.CompleteAsync(request with { MaxNewTokens = 256 }));
        Assert.Equal((prompt, 256, 256), (refused.Length, refused.NewTokens, refused.Limit));

        // A prompt beyond max_length is answered as far as the context goes; one that fills the context is refused.
        GenerationRequest full = model.Request(string.Concat(Enumerable.Repeat("the cat sat ", 200)));
        Assert.Null(model.Defaults.NewTokensAfter(250));
        Assert.Equal(256, Assert.Throws<PromptTooLongException>(() => model.Submit(full with { SoftMaxNewTokens = 256 })).Limit);
        Assert.Equal(2,
            (await model.CompleteAsync(request with
            {
                Prompt = new int[254],
                SoftMaxNewTokens = 256,
            })).Choices[0].TokenIds.Count);
    }

    [Theory]
    [InlineData("temperature", "-1")]
    [InlineData("temperature", "\"0,5\"")]
    [InlineData("temperature", "NaN")]
    [InlineData("temperature", "1e99")]
    [InlineData("temperature", "true")]
    [InlineData("top_p", "0")]
    [InlineData("top_p", "1.5")]
    [InlineData("top_k", "-1")]
    [InlineData("top_k", "2.5")]
    [InlineData("top_k", "\"40\"")]
    [InlineData("min_p", "[0.1]")]
    [InlineData("typical_p", "-0.5")]
    [InlineData("repetition_penalty", "0")]
    [InlineData("repetition_penalty", "Infinity")]
    [InlineData("no_repeat_ngram_size", "-2")]
    [InlineData("do_sample", "\"false\"")]
    [InlineData("do_sample", "1")]
    [InlineData("eos_token_id", "-1")]
    [InlineData("eos_token_id", "[1, 999999]")]
    [InlineData("eos_token_id", "{\"id\": 1}")]
    [InlineData("max_length", "0")]
    [InlineData("max_new_tokens", "1e12")]
    [InlineData("stop_strings", "[\"\"]")]
    [InlineData("bad_words_ids", "[5]")]
    [InlineData("sequence_bias", "[[[1]]]")]
    [InlineData("num_beams", "0")]
    [InlineData("early_stopping", "\"sometimes\"")]
    public async Task A_hostile_value_is_named_with_its_file_and_key(string key, string value)
    {
        var failure = await Assert.ThrowsAsync<ModelFormatException>(() => OpenAsync($$"""{"{{key}}": {{value}}}"""));
        Assert.Contains(Path.Combine(_folder.Path, "generation_config.json"), failure.Message);
        Assert.Contains($"{key} is ", failure.Message);
        Assert.Contains("is needed", failure.Message.Replace("are needed", "is needed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_not_applied_is_noted()
    {
        using LanguageModel model = await OpenAsync(
            """{"guidance_scale": 3, "penalty_alpha": 0, "some_new_sampler": {"x": 1}, "renormalize_logits": false, "use_cache": true}""");
        Assert.Equal(2, model.Defaults.Notes.Count);
        Assert.Contains("guidance_scale is 3; it is not applied", model.Defaults.Notes[0]);
        Assert.Contains("some_new_sampler", model.Defaults.Notes[1]);
        await Assert.ThrowsAsync<ModelFormatException>(() => OpenAsync("[1]"));
    }

    [Fact]
    public async Task A_seed_that_is_not_given_is_drawn_and_reported()
    {
        using LanguageModel model = await OpenAsync(null);
        GenerationRequest request = model.Request("the cat") with { MaxNewTokens = 30, IgnoreEndIds = true };
        GenerationResult[] drawn = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => model.CompleteAsync(request)));
        Assert.Equal(8, drawn.Select(result => result.Seed).Distinct().Count());
        Assert.True(drawn.Select(result => result.Choices[0].Text).Distinct().Count() > 4);
        foreach (GenerationResult result in drawn)
        {
            GenerationResult again = await model.CompleteAsync(request with { Seed = result.Seed });
            Assert.Equal(result.Seed, again.Seed);
            Assert.Equal(result.Choices[0].TokenIds, again.Choices[0].TokenIds);
        }

        GenerationHandle handle = model.Submit(request);
        Assert.Equal(handle.Seed, (await handle.Completion).Seed);
        IChatClient client = model.AsChatClient();
        ChatResponse first = await client.GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 30 });
        var seed = (long)first.AdditionalProperties!["seed"]!;
        Assert.Equal(first.Text,
            (await client.GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 30, Seed = seed })).Text);
        Assert.NotEqual(seed,
            (await client.GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 1 })).AdditionalProperties!["seed"]);
    }

    [Fact]
    public async Task Defaults_in_the_options_take_the_place_of_the_models()
    {
        var own = GenerationDefaults.Common with { Sampling = SamplingOptions.Greedy, MaxNewTokens = 4 };
        using LanguageModel model = await OpenAsync("""{"max_new_tokens": 9}""",
            new LanguageModelOptions { Threads = 1, Defaults = own, Engine = new EngineOptions { EndIds = [1] } });
        Assert.Equal(4,
            (await model.CompleteAsync(model.Request("the cat") with { IgnoreEndIds = true })).Choices[0].TokenIds.Count);
        Assert.Equal([1], model.Engine.Options.EndIds);
    }

    [Fact]
    public async Task Beside_a_gguf_file_the_defaults_are_read_only_if_they_can_be_no_other_models()
    {
        using var folder = new TempFolder();
        string path = Path.Combine(folder.Path, "tiny-F32.gguf");
        ModelConverter.ToGguf(_folder.Path, path, QuantizationMix.Parse("f32"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "generation_config.json"), """{"temperature": 0.3}""");
        using (LanguageModel only = await LanguageModel.OpenAsync(path, new LanguageModelOptions { Threads = 1 }))
            Assert.Equal(0.3f, only.Defaults.Sampling.Temperature);
        File.Copy(path, Path.Combine(folder.Path, "other-F32.gguf"));
        using LanguageModel one = await LanguageModel.OpenAsync(path, new LanguageModelOptions { Threads = 1 });
        Assert.Equal(0.8f, one.Defaults.Sampling.Temperature);
        Assert.Contains("is not read: its folder holds other models too", Assert.Single(one.Defaults.Notes));
    }

    [Fact]
    public async Task A_translator_takes_beams_and_forced_ids_from_the_file()
    {
        using var folder = new TempFolder();
        TinyModels.WriteMarian(folder.Path);
        using Translator plain = await Translator.OpenAsync(folder.Path, new LanguageModelOptions { Threads = 1 });
        Assert.Equal((4, 1d), (plain.Request("the cat").Beam!.Beams, plain.Request("the cat").Beam!.LengthPenalty));
        File.WriteAllText(
            Path.Combine(folder.Path, "generation_config.json"),
            """{"num_beams": 6, "length_penalty": 1.4, "early_stopping": true, "forced_eos_token_id": 3, "decoder_start_token_id": 2, "repetition_penalty": 1.5, "max_length": 60}""");
        using Translator translator = await Translator.OpenAsync(folder.Path, new LanguageModelOptions { Threads = 1 });
        GenerationRequest request = translator.Request("the cat");
        Assert.Equal(new BeamOptions { Beams = 6, LengthPenalty = 1.4, EarlyStopping = true }, request.Beam);
        Assert.Equal((3, 2, 1.5f), (request.ForcedEndId, request.Prompt.Span[0], request.Sampling.Penalties.Repetition));
        Assert.Equal(2, translator.Request("the cat", new TranslationOptions { Beams = 2 }).Beam!.Beams);
        Assert.Null(translator.Request("the cat", new TranslationOptions { Beams = 1 }).Beam);
        Assert.NotNull(await translator.TranslateAsync("the cat"));
    }

    private async Task<LanguageModel> OpenAsync(string? file, LanguageModelOptions? options = null)
    {
        string path = Path.Combine(_folder.Path, "generation_config.json");
        if (file is not null)
            await File.WriteAllTextAsync(path, file);
        else
            File.Delete(path);
        return await LanguageModel.OpenAsync(_folder.Path, options ?? new LanguageModelOptions { Threads = 1 });
    }

    private static async Task<string> TextOf(LanguageModel model, GenerationRequest request) =>
        (await model.CompleteAsync(request)).Choices[0].Text;
}
