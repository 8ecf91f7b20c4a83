namespace Seriatim.Tests;

/// <summary>A hub that is busy, and the token of <c>hf auth login</c>.</summary>
public sealed class ModelHubRetryTests : IDisposable
{
    private readonly TempFolder _source = new();
    private readonly TempFolder _cache = new();
    private readonly InstantTime _clock = new();

    public ModelHubRetryTests()
    {
        File.WriteAllText(_source.File("config.json"), "{}");
        File.WriteAllText(_source.File("model.safetensors"), new string('w', 1000));
    }

    public void Dispose()
    {
        _source.Dispose();
        _cache.Dispose();
    }

    [Theory]
    [InlineData("model.safetensors", 503)]
    [InlineData("config.json", 429)]
    [InlineData("/api/", 500)]
    [InlineData("/api/", 429)]
    public async Task A_busy_hub_is_asked_again_after_the_pause_it_asks_for(string path, int status)
    {
        using var server = new TinyHub(_source.Path) { Busy = (path, status, "7", 2) };
        var seen = new Reports();
        string folder = await Hub(server).ResolveAsync("owner/model", seen);
        Assert.Equal(1000, new FileInfo(Path.Combine(folder, "model.safetensors")).ResolveLinkTarget(true) is FileInfo file ? file.Length : 0);
        Assert.Equal([TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(7)], _clock.Pauses);
        Assert.Equal(2, seen.All.Count(report => report.Pause == TimeSpan.FromSeconds(7)));
        Assert.Equal(3, server.Requests.Count(request => request.Contains(path, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Headers_that_are_asked_for_one_by_one_are_asked_again_too()
    {
        using var server = new TinyHub(_source.Path, lists: false) { Busy = ("config.json", 502, null, 1) };
        await Hub(server).ResolveAsync("owner/model");
        Assert.Equal(2, server.Requests.Count(request => request.StartsWith("HEAD", StringComparison.Ordinal) && request.Contains("config.json", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_pause_may_be_a_date()
    {
        using var server = new TinyHub(_source.Path) { Busy = ("/api/", 503, "Fri, 27 Nov 2026 12:00:20 GMT", 1) };
        await Hub(server).ResolveAsync("owner/model");
        Assert.Equal([TimeSpan.FromSeconds(20)], _clock.Pauses);
    }

    [Fact]
    public async Task Without_a_wish_pauses_double_and_end()
    {
        using var server = new TinyHub(_source.Path) { Busy = ("model.safetensors", 503, null, 100) };
        DownloadException failure = await Assert.ThrowsAsync<DownloadException>(() => Hub(server).ResolveAsync("owner/model"));
        Assert.Contains("503", failure.Message);
        Assert.Contains("model.safetensors", failure.Message);
        Assert.Contains("5 tries", failure.Message);
        Assert.Equal([1, 2, 4, 8, 16], _clock.Pauses.Select(pause => (int)pause.TotalSeconds));
        server.Busy = default;
        await Hub(server).ResolveAsync("owner/model");
    }

    [Fact]
    public async Task A_pause_that_is_too_long_ends_it_with_both_numbers()
    {
        using var server = new TinyHub(_source.Path) { Busy = ("/api/", 429, "3600", 100) };
        DownloadException failure = await Assert.ThrowsAsync<DownloadException>(() => Hub(server).ResolveAsync("owner/model"));
        Assert.Contains("3600", failure.Message);
        Assert.Contains("300", failure.Message);
        Assert.Empty(_clock.Pauses);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task What_will_not_change_is_not_asked_again()
    {
        using var server = new TinyHub(_source.Path) { Busy = ("/api/", 403, null, 1) };
        Assert.Contains("hf auth login", (await Assert.ThrowsAsync<DownloadException>(() => Hub(server).ResolveAsync("owner/model"))).Message);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("HF_TOKEN_PATH", "the-token")]
    [InlineData("HF_HOME", "token")]
    [InlineData("XDG_CACHE_HOME", "huggingface/token")]
    public async Task The_token_of_a_login_is_sent(string variable, string file)
    {
        string path = _cache.File(file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "from-file\n");
        string value = variable == "HF_TOKEN_PATH" ? path : _cache.Path;
        using var server = new TinyHub(_source.Path) { Token = "from-file" };
        await Hub(server, (variable, value)).ResolveAsync("owner/model");

        // HF_TOKEN wins over the file, and an option over both.
        server.Token = "from-variable";
        await Hub(server, (variable, value), ("HF_TOKEN", "from-variable")).PullAsync("owner/model");
        server.Token = "from-option";
        await new ModelHub(Options(server, (variable, value), ("HF_TOKEN", "x")) with { Token = "from-option" }).PullAsync("owner/model");
    }

    private ModelHub Hub(TinyHub server, params (string Name, string Value)[] environment) => new(Options(server, environment));

    private ModelHubOptions Options(TinyHub server, params (string Name, string Value)[] environment) => new()
    {
        CacheFolder = _cache.Path,
        Endpoint = server.Address,
        Clock = _clock,
        Environment = name => environment.FirstOrDefault(pair => pair.Name == name).Value,
    };

    private sealed class Reports : IProgress<DownloadProgress>
    {
        public List<DownloadProgress> All { get; } = [];

        public void Report(DownloadProgress value) => All.Add(value);
    }
}
