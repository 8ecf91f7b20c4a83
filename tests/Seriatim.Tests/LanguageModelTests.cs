using System.Text;
using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim.Tests;

/// <summary>The facade over the small model that this repository ships.</summary>
[Collection(Alone.Name)]
public sealed class LanguageModelTests : IAsyncLifetime
{
    private LanguageModel _model = null!;

    private static string Folder => Path.Combine(Repository.Root, "models", "stories");

    public async Task InitializeAsync() => _model = await LanguageModel.OpenAsync(Folder);

    public Task DisposeAsync()
    {
        _model.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Pieces_put_together_are_the_completed_text()
    {
        var text = new StringBuilder();
        var ids = new List<int>();
        FinishReason? finish = null;
        await foreach (GenerationUpdate piece in _model.GenerateAsync("Once upon a time", new() { MaxNewTokens = 40, Seed = 3 }))
        {
            text.Append(piece.Text);
            if (piece.TokenId is { } id)
                ids.Add(id);
            finish ??= piece.Finish;
        }

        GenerationResult result = await _model.CompleteAsync("Once upon a time", new() { MaxNewTokens = 40, Seed = 3 });
        Assert.Equal(result.Choices[0].Text, text.ToString());
        Assert.Equal(result.Choices[0].TokenIds, ids);
        Assert.Equal(result.Choices[0].Finish, finish);
    }

    [Fact]
    public async Task Neighbours_and_threads_do_not_show()
    {
        string[] prompts = ["Once upon a time", "The king", "\"No,\" said Alice,", "There was", "A", "In the middle of the night the old woman"];
        GenerationResult[] together = await Task.WhenAll(prompts
            .Select((prompt, i) => _model.CompleteAsync(prompt, new() { MaxNewTokens = 30, Seed = (ulong)i })));
        using LanguageModel single = await LanguageModel.OpenAsync(Folder, new LanguageModelOptions { Threads = 1, Storage = WeightStorage.F32 });
        for (int i = 0; i < prompts.Length; i++)
        {
            GenerationResult alone = await single.CompleteAsync(prompts[i], new() { MaxNewTokens = 30, Seed = (ulong)i });
            Assert.Equal(alone.Choices[0].TokenIds, together[i].Choices[0].TokenIds);
        }
    }

    [Fact]
    public async Task Ids_that_the_tokenizer_does_not_know_are_never_chosen()
    {
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path, padding: 2000);
        using LanguageModel model = await LanguageModel.OpenAsync(folder.Path, new LanguageModelOptions { Threads = 1 });
        GenerationResult result = await model.CompleteAsync("the cat", new() { MaxNewTokens = 30, Seed = 1 });
        Assert.All(result.Choices[0].TokenIds, id => Assert.InRange(id, 0, model.Tokenizer.VocabularySize - 1));
    }

    [Fact]
    public async Task A_cancelled_request_ends_and_others_go_on()
    {
        using var cancellation = new CancellationTokenSource();

        // From within a step: a reader may come so late that the text is complete.
        var options = new GenerateOptions { Sampling = new() { Processors = [new Cancelling(cancellation)] } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationUpdate _ in _model.GenerateAsync("The", options, cancellation.Token))
            {
            }
        });
        GenerationResult result = await _model.CompleteAsync("The", new() { MaxNewTokens = 5 });
        Assert.Equal(5, result.Choices[0].TokenIds.Count);
    }

    [Fact]
    public async Task Prompts_that_do_not_fit_are_refused_with_both_numbers()
    {
        var failure = await Assert.ThrowsAsync<PromptTooLongException>(
            () => _model.CompleteAsync(string.Concat(Enumerable.Repeat("word ", 1000)), new() { MaxNewTokens = 5 }));
        Assert.Equal(_model.Model.Spec.Context, failure.Limit);
        Assert.True(failure.Length > failure.Limit);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_named()
    {
        var failure = await Assert.ThrowsAsync<InvalidModelNameException>(() => LanguageModel.OpenAsync("no/such/model"));
        Assert.Contains("no/such/model", failure.Message);
    }

    [Fact]
    public async Task Steady_decoding_does_not_grow_the_managed_heap()
    {
        async Task Generate() => await _model.CompleteAsync("Once", new() { MaxNewTokens = 200, Seed = 1 });
        for (int i = 0; i < 3; i++)
            await Generate();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < 5; i++)
            await Generate();
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 256 * 1024, $"A thousand tokens left {grown} bytes on the managed heap.");
    }

    /// <summary>Cancels when the fourth token is chosen.</summary>
    private sealed class Cancelling(CancellationTokenSource source) : LogitsProcessor
    {
        public override void Apply(LogitsRow row)
        {
            if (row.Step == 3)
                source.Cancel();
        }
    }
}
