using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Seriatim.Generation;

namespace Seriatim.Tests;

/// <summary>Several models in one container, options from its configuration, pipelines of its chat clients.</summary>
public sealed class KeyedModelTests : IDisposable
{
    private static readonly LanguageModelOptions Small = new() { Threads = 1 };

    private readonly TempFolder _folder = new(), _other = new();

    public KeyedModelTests()
    {
        TinyModels.WriteLlama(_folder.Path);
        TinyModels.WriteLlama(_other.Path, seed: 9);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task Each_model_is_asked_for_by_its_key()
    {
        HostApplicationBuilder builder = Builder();
        builder.Services.AddKeyedSeriatim("one", _folder.Path, Small);
        builder.Services.AddKeyedSeriatim("two", _other.Path, Small);
        builder.Services.AddKeyedSeriatimEncoder("texts", _folder.Path, Small);
        using IHost host = builder.Build();
        await host.StartAsync();
        IServiceProvider services = host.Services;
        var options = new ChatOptions { MaxOutputTokens = 12, Seed = 1 };
        string one = (await services.GetRequiredKeyedService<IChatClient>("one").GetResponseAsync("the cat", options)).Text;
        string two = (await services.GetRequiredKeyedService<IChatClient>("two").GetResponseAsync("the cat", options)).Text;
        Assert.NotEqual(one, two);
        LanguageModel model = services.GetRequiredKeyedService<LanguageModel>("two");
        Assert.Equal(_other.Path, model.Name);
        Assert.Same(model, services.GetRequiredKeyedService<IChatClient>("two").GetService<LanguageModel>());
        Assert.Equal(32, services.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("texts")
            .GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        Assert.Null(services.GetService<IChatClient>());
        await host.StopAsync();
    }

    /// <summary>Models on one host use its threads in turn and its memory, and give what they give alone.</summary>
    [Fact]
    public async Task Models_of_a_container_share_a_host()
    {
        HostApplicationBuilder builder = Builder();
        var small = new LanguageModelOptions { Engine = new EngineOptions { Pages = 32 } };
        builder.Services.AddSeriatimHost(new EngineHostOptions { Threads = 1, MemoryBytes = 64 << 20 });
        builder.Services.AddKeyedSeriatim("one", _folder.Path, small);
        builder.Services.AddKeyedSeriatim("two", _other.Path, small);
        IHost app = builder.Build();
        await app.StartAsync();
        EngineHost host = app.Services.GetRequiredService<EngineHost>();
        LanguageModel one = app.Services.GetRequiredKeyedService<LanguageModel>("one");
        LanguageModel two = app.Services.GetRequiredKeyedService<LanguageModel>("two");
        long both = host.MemoryInUse;
        Assert.True(both > 0);
        var options = new GenerateOptions { MaxNewTokens = 20, Seed = 1 };
        string[] texts = [.. (await Task.WhenAll(one.CompleteAsync("the cat", options), two.CompleteAsync("the cat", options)))
            .Select(result => result.Choices[0].Text)];
        using (LanguageModel alone = await LanguageModel.OpenAsync(_folder.Path, Small))
            Assert.Equal((await alone.CompleteAsync("the cat", options)).Choices[0].Text, texts[0]);
        await one.DisposeAsync();
        await IsInUse(both / 2);
        string again = (await two.CompleteAsync("the cat", options)).Choices[0].Text;
        Assert.Equal(texts[1], again);
        await Assert.ThrowsAsync<ArgumentException>(() => LanguageModel.OpenAsync(_folder.Path, Small with { Host = host }));
        await app.StopAsync();
        await ((IAsyncDisposable)app).DisposeAsync();
        await IsInUse(0);

        // The host hears of the end of an engine a moment later than who ended it.
        async Task IsInUse(long bytes)
        {
            for (int i = 0; i < 500 && host.MemoryInUse != bytes; i++)
                await Task.Delay(5);
            Assert.Equal(bytes, host.MemoryInUse);
        }
    }

    [Fact]
    public async Task A_section_of_the_configuration_says_how_a_model_is_opened()
    {
        HostApplicationBuilder builder = Builder(("Chat:Model", _folder.Path), ("Chat:Threads", "1"), ("Chat:Pages", "40"),
            ("Chat:maxqueuedrequests", "7"), ("Chat:Storage", "F32"));
        builder.Services.AddSeriatim(builder.Configuration.GetSection("Chat"), options => options.MaxSequences = 3);
        using IHost host = builder.Build();
        await host.StartAsync();
        LanguageModel model = host.Services.GetRequiredService<LanguageModel>();
        Assert.Equal((40, 7, 3),
            (model.Engine.Options.Pages, model.Engine.Options.MaxQueuedRequests, model.Engine.Options.MaxSequences));
        await host.StopAsync();
    }

    [Theory]
    [InlineData("Chat:Threds", "1", "Chat:Threds is not known; there are Model, Threads")]
    [InlineData("Chat:Threads", "many", "Chat:Threads is 'many'")]
    [InlineData("Chat:Threads", "-1", "Chat:Threads is -1")]
    [InlineData("Chat:Storage", "f33", "one of AsStored")]
    [InlineData("Chat:Model", "", "Chat:Model says no model")]
    public async Task What_is_wrong_with_a_section_stops_the_start(string key, string value, string message)
    {
        HostApplicationBuilder builder = Builder(("Chat:Model", _folder.Path), (key, value));
        builder.Services.AddSeriatim(builder.Configuration.GetSection("Chat"));
        using IHost host = builder.Build();
        Assert.Contains(message, (await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync())).Message);
    }

    [Fact]
    public void Every_option_has_a_key()
    {
        string[] inCode = [nameof(SeriatimModelOptions.Configure)];
        Assert.Equal(
            typeof(SeriatimModelOptions).GetProperties().Select(property => property.Name).Except(inCode).Order(),
            ModelOptionsReader.Names.Order());
    }

    /// <summary>Nothing blocks: the client is there before the model is, and its first request waits for the start.</summary>
    [Fact]
    public async Task A_request_that_comes_before_the_model_is_open_awaits_it()
    {
        var opened = new TaskCompletionSource<LanguageModel>();
        await using var service = new ModelService<LanguageModel>("later", _ => opened.Task, model => model.Engine);
        var client = new SeriatimChatClient(service.Access, Tokenizers.ChatPromptOptions.Default);
        Assert.Equal("later", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Null(client.GetService<LanguageModel>());
        Task start = service.StartAsync(default);
        Task<ChatResponse> early = client.GetResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 3 });
        using var leaves = new CancellationTokenSource();
        Task<ChatResponse> impatient = client.GetResponseAsync("the cat", cancellationToken: leaves.Token);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        Assert.False(early.IsCompleted);
        opened.SetResult(await LanguageModel.OpenAsync(_folder.Path, Small));
        await start;
        Assert.NotNull((await early).RawRepresentation);
    }

    [Fact]
    public async Task The_client_is_a_pipeline_that_others_build_on()
    {
        HostApplicationBuilder builder = Builder();
        builder.Services.AddDistributedMemoryCache();
        builder.Services.AddSeriatim(_folder.Path, Small).UseDistributedCache().UseFunctionInvocation().UseOpenTelemetry();
        using IHost host = builder.Build();
        await host.StartAsync();
        IChatClient client = host.Services.GetRequiredService<IChatClient>();
        Assert.NotNull(client.GetService<DistributedCachingChatClient>());
        Assert.NotNull(client.GetService<OpenTelemetryChatClient>());
        LanguageModel model = client.GetService<LanguageModel>()!;
        var options = new ChatOptions { MaxOutputTokens = 6 };
        string first = (await client.GetResponseAsync("the cat", options)).Text;
        long steps = (await model.Engine.GetStatisticsAsync()).Steps;
        Assert.True(steps > 0);
        Assert.Equal(first, (await client.GetResponseAsync("the cat", options)).Text);
        Assert.Equal(steps, (await model.Engine.GetStatisticsAsync()).Steps);
        await host.StopAsync();
    }

    private static HostApplicationBuilder Builder(params (string Key, string Value)[] configuration)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(
            configuration.GroupBy(pair => pair.Key).Select(group => KeyValuePair.Create(group.Key, (string?)group.Last().Value)));
        return builder;
    }
}
