using System.Reflection;
using System.Runtime.CompilerServices;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>
/// Every stream begins when it is read and is read once; every task says what is wrong, instead of the call. Whichever method
/// comes new has to do the same.
/// </summary>
public sealed class StreamTests : IAsyncLifetime
{
    private static readonly Type[] Owners =
        [typeof(GenerationEngine), .. typeof(LanguageModel).Assembly.GetExportedTypes().Where(type => !type.IsInterface)];

    /// <summary>Tasks that do not come of an async method, and why they are never thrown instead.</summary>
    private static readonly Dictionary<string, string> Otherwise = new()
    {
        ["GenerationEngine.GetStatisticsAsync"] = "a completion that is failed",
        ["Conversation.SendAsync"] = "only an argument that is null",
        ["Conversation.AnswerAsync"] = "hands on an async method's",
    };

    private readonly TempFolder _folder = new(), _other = new();
    private LanguageModel _model = null!;
    private Translator _translator = null!;

    public async Task InitializeAsync()
    {
        TinyModels.WriteLlama(_folder.Path);
        TinyModels.WriteT5(_other.Path);
        _model = await LanguageModel.OpenAsync(_folder.Path, new LanguageModelOptions { Threads = 1 });
        _translator = await Translator.OpenAsync(_other.Path, new LanguageModelOptions { Threads = 1 });
    }

    public Task DisposeAsync()
    {
        _model.Dispose();
        _translator.Dispose();
        _folder.Dispose();
        _other.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Streams_begin_when_they_are_read_and_are_read_once()
    {
        GenerateOptions few = new() { MaxNewTokens = 2 }, bad = new() { MaxNewTokens = -1 };
        GenerationRequest request = _model.Request("the cat") with { MaxNewTokens = 2 },
            wrong = request with { MaxNewTokens = -1 };
        ChatTurn[] turns = [new("user", "the cat")];
        string[] texts = ["the cat", "a mouse"];
        Conversation talk = _model.StartConversation();
        talk.Add(turns[0]);
        (string Name, Func<object> Good, Func<object> Bad)[] table =
        [
            ("GenerationEngine.GenerateAsync",
                () => _model.Engine.GenerateAsync(request), () => _model.Engine.GenerateAsync(wrong)),
            ("LanguageModel.GenerateAsync",
                () => _model.GenerateAsync("the cat", few), () => _model.GenerateAsync("the cat", bad)),
            ("LanguageModel.GenerateAsync", () => _model.GenerateAsync(request), () => _model.GenerateAsync(wrong)),
            ("LanguageModel.ChatAsync", () => _model.ChatAsync(turns, few), () => _model.ChatAsync([], few)),
            ("Conversation.StreamAsync", () => talk.StreamAsync("x", few), () => talk.StreamAsync("x", bad)),
            ("Conversation.StreamAnswerAsync", () => talk.StreamAnswerAsync(few), () => talk.StreamAnswerAsync(bad)),
            ("Translator.TranslateManyAsync", () => _translator.TranslateManyAsync(texts),
                () => _translator.TranslateManyAsync(texts, new() { Beams = 0 })),
            ("Translator.TranslateManyAsync", () => _translator.TranslateManyAsync(texts.ToAsyncEnumerable()),
                () => _translator.TranslateManyAsync(texts.ToAsyncEnumerable(), new() { Beams = 0 })),
        ];
        Assert.Equal(Methods(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>)).Order(),
            table.Select(row => row.Name).Order());
        foreach ((string name, Func<object> good, Func<object> wrongOne) in table)
        {
            // Nothing is checked before the first element is asked for, and nothing runs.
            object refused = wrongOne(), unread = good();
            await Task.Delay(20);
            Assert.Equal((0, 0), (_model.Engine.Load.Running + _model.Engine.Load.Waiting, _translator.Engine.Load.Running));
            await Assert.ThrowsAnyAsync<SeriatimException>(() => ReadAsync(refused));
            Assert.True(await ReadAsync(unread) > 0, name);
            await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(unread));
        }

        // The verb that begins at once gives a handle, which is read once, too.
        GenerationHandle handle = _model.Submit(request);
        await handle.Completion;
        Assert.True(await ReadAsync(handle) > 0);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(handle));
    }

    [Fact]
    public void Tasks_come_of_async_methods_which_throw_nothing_themselves()
    {
        string[] others = [.. Owners.SelectMany(owner => Public(owner)
            .Where(method => IsTask(method.ReturnType) && !method.IsSpecialName
                && method.GetCustomAttribute<AsyncStateMachineAttribute>() is null)
            .Select(method => $"{owner.Name}.{method.Name}"))];
        Assert.Equal(Otherwise.Keys.Order(), others.Where(name => !name.EndsWith(".DisposeAsync", StringComparison.Ordinal))
            .Order());
    }

    [Fact]
    public async Task A_full_queue_is_a_failed_task()
    {
        var narrow = new LanguageModelOptions
        {
            Threads = 1,
            Engine = new EngineOptions { MaxQueuedRequests = 1, MaxSequences = 1 },
        };
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, narrow);
        GenerationRequest endless = model.Request("the") with
        {
            Window = new(64, 4),
            MaxNewTokens = 10_000_000,
            IgnoreEndIds = true,
        };
        GenerationHandle first = await model.SubmitWhenFreeAsync(endless);
        while (model.Engine.Load.Running == 0)
            await Task.Delay(1);
        GenerationHandle second = model.Submit(endless);
        Task[] refused =
        [
            model.CompleteAsync(endless), model.CompleteAsync("the"), model.Engine.CompleteAsync(endless),
            model.Engine.EncodeAsync(new() { Tokens = new[] { 1 }, Pooling = PoolingKind.Last }),
            model.StartConversation().SendAsync("the"),
        ];
        foreach (Task task in refused)
            await Assert.ThrowsAsync<EngineOverloadedException>(() => task);
        Task<TextScore>[] many = [.. Enumerable.Range(0, 8).Select(_ => model.ScoreAsync("the cat"))];
        first.Cancel();
        second.Cancel();

        // Who has a text to be read waits for room, however many there are.
        Assert.Single((await Task.WhenAll(many)).Select(score => score.Logprob).Distinct());
    }

    private static IEnumerable<string> Methods(Func<Type, bool> returns) => Owners.SelectMany(owner =>
        Public(owner).Where(method => returns(method.ReturnType)).Select(method => $"{owner.Name}.{method.Name}"));

    private static IEnumerable<MethodInfo> Public(Type type) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly);

    private static bool IsTask(Type type) => type.IsAssignableTo(typeof(Task)) || type == typeof(ValueTask)
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>));

    private static async Task<int> ReadAsync(object stream)
    {
        int count = 0;
        if (stream is IAsyncEnumerable<GenerationUpdate> updates)
        {
            await foreach (GenerationUpdate _ in updates)
                count++;
        }
        else
        {
            await foreach (Translation _ in (IAsyncEnumerable<Translation>)stream)
                count++;
        }

        return count;
    }
}
