using System.Text.Json;

namespace Seriatim.Server.Tests;

/// <summary><c>/v1/engine/watch</c>: lines of JSON of what an engine does.</summary>
public sealed class EngineWatchTests
{
    [Fact]
    public async Task An_engine_is_followed_over_its_opening_and_its_work()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement[] closed = await LinesAsync(server, """{"frames": 2, "interval_ms": 100}""");
        Assert.Equal(["engine.closed", "engine.idle"], closed.Select(NameOf));
        Assert.Equal("unloaded", closed[0].GetProperty("status").GetString());
        Assert.Null(server.Core.Models.Find("tiny").Opened);

        await server.AskAsync("/v1/completions", """{"prompt": "the cat", "max_tokens": 2}""");
        Task<JsonElement[]> following = LinesAsync(server, """{"model": "tiny", "frames": 12, "interval_ms": 100}""");
        await Task.Delay(100);
        await server.AskAsync("/v1/completions",
            """{"prompt": "the cat number 3 sat on the mat", "max_tokens": 24, "ignore_eos": true, "n": 2}""");
        JsonElement[] lines = await following;
        Assert.Equal("engine.opened", NameOf(lines[0]));
        Assert.Equal(16, lines[0].GetProperty("limits").GetProperty("page_size").GetInt32());
        Assert.Equal(12, lines.Count(line => NameOf(line) == "engine.frame"));
        JsonElement[] rows = [.. lines.Skip(1).SelectMany(line => line.GetProperty("steps").EnumerateArray())
            .SelectMany(step => step.GetProperty("rows").EnumerateArray())];
        Assert.Contains(rows, row => row[2].GetString() == "prompt");
        Assert.Equal(46, rows.Count(row => row[2].GetString() == "decode"));
        Assert.True(lines[1].TryGetProperty("prefixes", out _));
        Assert.DoesNotContain(lines, line => line.GetRawText().Contains("the cat", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_wants_a_key_as_everything_does_and_names_a_model_that_is_not_there()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
            options.ApiKeys.Add(new ApiKeyOptions { Key = "sk" }));
        await server.FailAsync("/v1/engine/watch", "{}", 401, "invalid_api_key");
        using HttpResponseMessage unknown = await server.PostAsync("/v1/engine/watch", """{"model": "none"}""", "sk");
        Assert.Equal(404, (int)unknown.StatusCode);
    }

    [Fact]
    public async Task A_ninth_who_watches_is_asked_to_come_later_and_a_stopping_server_ends_all()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.AskAsync("/v1/completions", """{"prompt": "the cat", "max_tokens": 2}""");
        var others = new List<HttpResponseMessage>();
        for (int i = 0; i < 8; i++)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "/v1/engine/watch")
            {
                Content = new StringContent("""{"frames": 1000, "interval_ms": 100}"""),
            };
            others.Add(await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        }

        await server.FailAsync("/v1/engine/watch", "{}", 429);
        Task drained = server.Core.State.DrainAsync();
        await drained.WaitAsync(TimeSpan.FromSeconds(10));
        foreach (HttpResponseMessage other in others)
            await other.Content.ReadAsStringAsync().WaitAsync(TimeSpan.FromSeconds(20));
        others.ForEach(other => other.Dispose());
    }

    private static string? NameOf(JsonElement line) => line.GetProperty("object").GetString();

    private static async Task<JsonElement[]> LinesAsync(TestServer server, string json)
    {
        using HttpResponseMessage response = await server.PostAsync("/v1/engine/watch", json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        return [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }
}
