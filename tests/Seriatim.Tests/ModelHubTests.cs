namespace Seriatim.Tests;

/// <summary>Names of models, and downloads from a hub on loopback that breaks off, lies and refuses.</summary>
public sealed class ModelHubTests : IDisposable
{
    private readonly TempFolder _source = new();
    private readonly TempFolder _cache = new();

    public ModelHubTests()
    {
        TinyModels.WriteLlama(_source.Path);
        File.WriteAllText(_source.File("pytorch_model.bin"), "not wanted");
        File.WriteAllText(_source.File("model.fp16.safetensors"), "not wanted either");
    }

    public void Dispose()
    {
        _source.Dispose();
        _cache.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hub_id_is_fetched_once_into_the_shared_layout(bool lists)
    {
        using var server = new TinyHub(_source.Path, lists);
        ModelHub hub = Hub(server);
        string folder = await hub.ResolveAsync("owner/model");
        Assert.Equal(_cache.File($"models--owner--model/snapshots/{TinyHub.Commit}"), folder);
        Assert.Equal(TinyHub.Commit, File.ReadAllText(_cache.File("models--owner--model/refs/main")));
        foreach (string name in new[] { "config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja" })
        {
            Assert.Equal(File.ReadAllBytes(_source.File(name)), File.ReadAllBytes(Path.Combine(folder, name)));
            Assert.StartsWith("../../blobs/", new FileInfo(Path.Combine(folder, name)).LinkTarget);
        }

        Assert.False(File.Exists(Path.Combine(folder, "pytorch_model.bin")));
        Assert.False(File.Exists(Path.Combine(folder, "model.fp16.safetensors")));
        int asked = server.Requests.Count;
        Assert.Equal(folder, await hub.ResolveAsync("owner/model"));
        Assert.Equal(folder, await Hub(server, o => o with { Offline = true }).PullAsync("owner/model"));
        Assert.Equal(asked, server.Requests.Count);
        using LanguageModel model = await LanguageModel.OpenAsync("owner/model", new LanguageModelOptions { Hub = hub, Threads = 1 });
        Assert.Single((await model.CompleteAsync("the cat", new() { MaxNewTokens = 1 })).Choices);
    }

    /// <summary>What lies beside a sentence-embedding model is fetched too, folders and all.</summary>
    [Fact]
    public async Task Files_of_a_sentence_model_come_along()
    {
        SentenceFiles.Write(_source.Path, "mean", 32);
        File.WriteAllText(_source.File("sentence_bert_config.json"), """{"max_seq_length": 12}""");
        using var server = new TinyHub(_source.Path);
        string folder = await Hub(server).ResolveAsync("owner/model");
        foreach (string name in new[] { "modules.json", "1_Pooling/config.json", "sentence_bert_config.json" })
            Assert.Equal(File.ReadAllBytes(_source.File(name)), File.ReadAllBytes(Path.Combine(folder, name)));
    }

    [Fact]
    public async Task A_broken_connection_goes_on_where_it_broke()
    {
        using var server = new TinyHub(_source.Path) { Break = ("model.safetensors", 10_000, 2) };
        var seen = new Reports();
        string folder = await Hub(server).ResolveAsync("owner/model", seen);
        Assert.Equal(File.ReadAllBytes(_source.File("model.safetensors")), File.ReadAllBytes(Path.Combine(folder, "model.safetensors")));
        Assert.Contains(server.Requests, request => request.EndsWith("model.safetensors bytes=10000-", StringComparison.Ordinal));
        Assert.Contains(server.Requests, request => request.EndsWith("model.safetensors bytes=20000-", StringComparison.Ordinal));
        Assert.Equal(seen.All[^1].Total, seen.All[^1].Done);
    }

    [Fact]
    public async Task A_download_that_breaks_too_often_is_kept_for_the_next_time()
    {
        using var server = new TinyHub(_source.Path) { Break = ("model.safetensors", 10_000, 3) };
        DownloadException failure = await Assert.ThrowsAsync<DownloadException>(() => Hub(server).ResolveAsync("owner/model"));
        Assert.Contains("30000", failure.Message);
        Assert.Contains($"{new FileInfo(_source.File("model.safetensors")).Length}", failure.Message);
        Assert.False(File.Exists(_cache.File("models--owner--model/refs/main")));
        await Hub(server).ResolveAsync("owner/model");
        Assert.Contains(server.Requests, request => request.EndsWith("model.safetensors bytes=30000-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    public async Task Bytes_that_are_not_those_promised_are_thrown_away(string name)
    {
        using var server = new TinyHub(_source.Path) { Corrupt = name };
        CorruptedDownloadException failure = await Assert.ThrowsAsync<CorruptedDownloadException>(() => Hub(server).ResolveAsync("owner/model"));
        Assert.Contains(name, failure.File);
        Assert.NotEqual(failure.Expected, failure.Actual);
        Assert.Empty(Directory.GetFiles(_cache.File("models--owner--model/blobs"), "*.incomplete"));
        Assert.False(Directory.Exists(_cache.File("models--owner--model/snapshots")));
        server.Corrupt = null;
        await Hub(server).ResolveAsync("owner/model");
    }

    [Fact]
    public async Task A_token_goes_to_the_hub_and_to_nobody_it_forwards_to()
    {
        using var store = new TinyHub(_source.Path);
        using var server = new TinyHub(_source.Path) { Token = "secret", Forward = store.Address };
        await Assert.ThrowsAsync<DownloadException>(() => Hub(server).ResolveAsync("owner/model"));
        await Hub(server, o => o with { Token = "secret" }).ResolveAsync("owner/model");
        Assert.NotEmpty(store.Requests);
        Assert.DoesNotContain(store.Requests, request => request.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_is_named_with_both_numbers()
    {
        using var server = new TinyHub(_source.Path);
        DiskFullException failure = await Assert.ThrowsAsync<DiskFullException>(() => Hub(server, o => o with { FreeSpace = _ => 1000 }).ResolveAsync("owner/model"));
        Assert.Equal(1000, failure.Available);
        Assert.True(failure.Needed > new FileInfo(_source.File("model.safetensors")).Length);
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        using var server = new TinyHub(_source.Path);
        Assert.Contains("owner/other", (await Assert.ThrowsAsync<ModelNotFoundException>(() => Hub(server).ResolveAsync("owner/other"))).Message);
        Assert.Contains("HF_HUB_OFFLINE", (await Assert.ThrowsAsync<ModelNotFoundException>(
            () => Hub(server, o => o with { Offline = true }).ResolveAsync("owner/model"))).Message);
        Uri address = server.Address;
        server.Dispose();
        Assert.Contains("reached", (await Assert.ThrowsAsync<DownloadException>(
            () => new ModelHub(new ModelHubOptions { CacheFolder = _cache.Path, Endpoint = address, Offline = false }).ResolveAsync("owner/model"))).Message);
    }

    [Theory]
    [InlineData("no/such/folder")]
    [InlineData("owner/a..b")]
    [InlineData("../model")]
    [InlineData("owner/mo del")]
    [InlineData("owner/a--b")]
    [InlineData("owner/model@../../x")]
    [InlineData("owner/model@")]
    [InlineData("")]
    [InlineData("no-such-model")]
    public async Task Names_that_can_be_nothing_are_refused_before_anything_is_sent(string name)
    {
        using var server = new TinyHub(_source.Path);
        InvalidModelNameException failure = await Assert.ThrowsAsync<InvalidModelNameException>(() => Hub(server).ResolveAsync(name));
        Assert.Contains("config.json", failure.Message);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Folders_files_and_built_in_names_need_no_hub()
    {
        var hub = new ModelHub(new ModelHubOptions { CacheFolder = _cache.Path, Offline = true });
        Assert.Equal(_source.Path, await hub.ResolveAsync(_source.Path));
        Assert.Equal(_source.Path, await hub.ResolveAsync(_source.File("model.safetensors")));
        await Assert.ThrowsAsync<InvalidModelNameException>(() => hub.ResolveAsync(_source.File("pytorch_model.bin")));
        string builtIn = Path.Combine(AppContext.BaseDirectory, "models", "tiny-for-test");
        Directory.CreateDirectory(builtIn);
        File.Copy(_source.File("config.json"), Path.Combine(builtIn, "config.json"), overwrite: true);
        Assert.Equal(builtIn, await hub.ResolveAsync("tiny-for-test"));
        Assert.Contains("tiny-for-test", hub.BuiltIn);
        Directory.Delete(builtIn, recursive: true);
    }

    private ModelHub Hub(TinyHub server, Func<ModelHubOptions, ModelHubOptions>? change = null)
    {
        var options = new ModelHubOptions { CacheFolder = _cache.Path, Endpoint = server.Address, Offline = false, Timeout = TimeSpan.FromSeconds(20) };
        return new ModelHub(change is null ? options : change(options));
    }

    private sealed class Reports : IProgress<DownloadProgress>
    {
        public List<DownloadProgress> All { get; } = [];

        public void Report(DownloadProgress value) => All.Add(value);
    }
}
