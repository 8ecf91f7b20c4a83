using Seriatim.Generation;
using Seriatim.Inspection;

namespace Seriatim.Tests;

/// <summary>Models are closed at any time, from any thread, as often as one likes; batches of many callers wait for room.</summary>
public sealed class ClosingTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly LanguageModelOptions Small = new() { Threads = 2 };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_language_model_is_closed_under_its_requests()
    {
        TinyModels.WriteLlama(_folder.Path);
        for (int round = 0; round < 8; round++)
        {
            LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
            GenerationRequest request = model.Request("the cat") with { MaxNewTokens = 1_000_000, Window = new(64, 4), IgnoreEndIds = true };
            await CloseAsync(model, () => model.CompleteAsync(request), () => model.EmbedAsync(["the cat", "a mouse"]), () => model.ScoreAsync("the cat"));
            await Assert.ThrowsAsync<ObjectDisposedException>(() => model.Engine.GetStatisticsAsync().WaitAsync(Patience));
            Assert.Throws<ObjectDisposedException>(() => model.Submit(request));
        }
    }

    [Fact]
    public async Task An_encoder_is_closed_under_its_requests()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        for (int round = 0; round < 8; round++)
        {
            TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
            await CloseAsync(encoder, () => encoder.EmbedAsync([.. Enumerable.Repeat("the cat", 500)]), () => encoder.FillAsync("the [MASK] sat"));
        }
    }

    [Fact]
    public async Task A_translator_is_closed_under_its_requests()
    {
        TinyModels.WriteT5(_folder.Path);
        for (int round = 0; round < 8; round++)
        {
            Translator translator = await Translator.OpenAsync(_folder.Path, Small);
            await CloseAsync(translator, () => TranslateAsync(translator, 200), () => translator.TranslateAsync("the cat"),
                () => translator.AlignAsync("the cat", "a mouse"));
        }
    }

    [Fact]
    public async Task A_microscope_is_closed_under_its_passes()
    {
        TinyModels.WriteLlama(_folder.Path);
        for (int round = 0; round < 8; round++)
        {
            Microscope microscope = await Microscope.OpenAsync(_folder.Path, Small);
            Specimen text = microscope.Prepare("the cat");
            using Walk walk = await microscope.WalkAsync(text);
            await CloseAsync(microscope, () => microscope.LookAsync(text, new CaptureFilter { Kinds = CaptureKinds.Attention }),
                () => microscope.TeachAsync(text), () => walk.LookAsync(new CaptureFilter { Kinds = CaptureKinds.Attention }));
            await Assert.ThrowsAsync<ObjectDisposedException>(() => walk.ForwardAsync());
        }
    }

    /// <summary>Whoever adds a type that can be disposed adds a test of it.</summary>
    [Fact]
    public void Everything_that_can_be_closed_is_closed_here()
    {
        IEnumerable<Type> types = typeof(LanguageModel).Assembly.GetExportedTypes().Concat(typeof(GenerationEngine).Assembly.GetExportedTypes());

        // The tests of hosts close what hosts give out.
        string[] ofHosts = [nameof(EngineHost), nameof(HostedModel), nameof(ModelLease)];

        // A process joins MPI once: runs under mpirun (Seriatim.Cli.Tests) start and end it.
        string[] ofRanks = [nameof(MpiProcessGroup)];
        Assert.Equal(
            ofHosts.Concat(ofRanks).Concat([nameof(GenerationEngine), nameof(LanguageModel), nameof(Microscope), nameof(TextEncoder), nameof(Translator),
                nameof(Walk)]).Order(),
            types.Where(type => type.IsAssignableTo(typeof(IDisposable)) || type.IsAssignableTo(typeof(IAsyncDisposable))).Select(type => type.Name).Order());
    }

    [Fact]
    public async Task Twelve_callers_of_a_short_queue_all_get_their_translations()
    {
        TinyModels.WriteT5(_folder.Path);
        using Translator translator = await Translator.OpenAsync(_folder.Path, Small with { Engine = new EngineOptions { MaxQueuedRequests = 8 } });
        int[] counts = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => TranslateAsync(translator, 25))).WaitAsync(Patience);
        Assert.All(counts, count => Assert.Equal(25, count));
    }

    [Fact]
    public async Task Four_callers_of_a_short_queue_all_get_their_embeddings()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small with { Engine = new EngineOptions { MaxQueuedRequests = 8 } });
        string[] texts = [.. Enumerable.Range(0, 60).Select(i => $"the cat number {i}")];
        IReadOnlyList<float[]> expected = await encoder.EmbedAsync(texts);
        IReadOnlyList<float[]>[] all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => encoder.EmbedAsync(texts)))).WaitAsync(Patience);
        foreach (IReadOnlyList<float[]> vectors in all)
            Assert.Equal(expected, vectors);
    }

    private static async Task<int> TranslateAsync(Translator translator, int count)
    {
        int done = 0;
        await foreach (Translation _ in translator.TranslateManyAsync(Enumerable.Range(0, count).Select(i => $"the cat {i}"), new TranslationOptions { MaxNewTokens = 4 }))
            done++;
        return done;
    }

    /// <summary>Closes a model from four threads while every kind of request runs; each request ends, with its result or by being cancelled.</summary>
    private static async Task CloseAsync(IDisposable model, params Func<Task>[] requests)
    {
        Task[] running = [.. requests.SelectMany(request => Enumerable.Range(0, 3).Select(_ => Task.Run(request)))];
        await Task.Delay(3);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(model.Dispose))).WaitAsync(Patience);
        model.Dispose();
        foreach (Task task in running)
        {
            Exception? end = await Record.ExceptionAsync(() => task.WaitAsync(Patience));
            Assert.True(end is null or OperationCanceledException or ObjectDisposedException, $"{end}");
        }
    }
}
