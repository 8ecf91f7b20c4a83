using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>Models that a request fetches, from a hub on loopback.</summary>
public sealed class PullTests : IDisposable
{
    private readonly TempFolder _source = new();
    private readonly TempFolder _cache = new();

    public PullTests() => TinyModels.WriteLlama(_source.Path, seed: 9);

    public void Dispose()
    {
        _source.Dispose();
        _cache.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_model_is_fetched_with_its_progress_and_offered(bool streams)
    {
        using var hub = new TinyHub(_source.Path);
        await using TestServer server = await StartAsync(hub);
        using HttpResponseMessage response = await server.PostAsync("/api/pull", streams ? """{"model": "owner/model"}"""
            : """{"model": "owner/model", "stream": false}""");
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        JsonElement[] lines = [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line))];
        Assert.Equal("success", lines[^1].GetProperty("status").GetString());
        if (streams)
        {
            Assert.Equal("pulling manifest", lines[0].GetProperty("status").GetString());
            JsonElement[] parts = [.. lines.Where(line => line.TryGetProperty("total", out _))];
            Assert.NotEmpty(parts);
            Assert.All(parts, part => Assert.InRange(part.GetProperty("completed").GetInt64(), 0,
                part.GetProperty("total").GetInt64()));
        }

        JsonElement answer = await server.AskAsync("/v1/completions",
            """{"model": "owner/model", "prompt": "the cat", "max_tokens": 2, "ignore_eos": true}""");
        Assert.Equal(2, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Contains("owner/model", await server.Client.GetStringAsync("/api/tags"));

        // What is here already is not fetched again, and is no second model.
        int asked = hub.Requests.Count(line => line.Contains("safetensors", StringComparison.Ordinal));
        await server.AskAsync("/api/pull", """{"model": "owner/model", "stream": false}""");
        Assert.Equal(asked, hub.Requests.Count(line => line.Contains("safetensors", StringComparison.Ordinal)));
        Assert.Equal(2, (await server.GetAsync("/v1/models")).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task What_cannot_be_fetched_is_told_in_the_stream_and_offers_nothing()
    {
        using var hub = new TinyHub(_source.Path) { Corrupt = "model.safetensors" };
        await using TestServer server = await StartAsync(hub);
        using HttpResponseMessage response = await server.PostAsync("/api/pull", """{"model": "owner/model"}""");
        string last = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Contains("model.safetensors", JsonElement.Parse(last).GetProperty("error").GetString());
        Assert.Single((await server.GetAsync("/v1/models")).GetProperty("data").EnumerateArray());
        using HttpResponseMessage nothing =
            await server.PostAsync("/api/pull", """{"model": "owner/other", "stream": false}""");
        Assert.Equal(404, (int)nothing.StatusCode);
    }

    [Fact]
    public async Task Nothing_is_fetched_unless_it_is_allowed()
    {
        using var hub = new TinyHub(_source.Path);
        await using TestServer server = await StartAsync(hub, allows: false);
        using HttpResponseMessage response = await server.PostAsync("/api/pull", """{"model": "owner/model"}""");
        Assert.Equal(403, (int)response.StatusCode);
        Assert.Contains("--allow-pull", await response.Content.ReadAsStringAsync());
        Assert.Empty(hub.Requests);
    }

    private Task<TestServer> StartAsync(TinyHub hub, bool allows = true) => TestServer.StartAsync(options =>
    {
        options.AllowsPulling = allows;
        options.ModelOptions = new()
        {
            Hub = new ModelHub(new ModelHubOptions { CacheFolder = _cache.Path, Endpoint = hub.Address, Retries = 0 }),
            Engine = new() { MemoryBytes = 16 << 20 },
        };
    });
}
