using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Seriatim.Generation;

namespace Seriatim.Server.Tests;

/// <summary>Streams: clients that go, that are slow, that wait; a server that stops.</summary>
public sealed class StreamingTests
{
    private const string Endless = """{"prompt": "the cat", "ignore_eos": true, "stream": true, "seed": 2}""";

    /// <summary>Each token takes 3 ms at least: an endless request is under way for a while on any machine.</summary>
    private static readonly Action<SeriatimServerOptions> OneAtATime = options => options.Models[0] = options.Models[0] with
    {
        Options = new()
        {
            Engine = new() { MemoryBytes = 16 << 20, MaxSequences = 1, Price = new(0.003, 0, 0, 0) },
        },
    };

    [Fact]
    public async Task A_client_that_goes_away_frees_its_pages()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.MaxUnreadTokens = 4);
        for (int i = 0; i < 8; i++)
        {
            using HttpResponseMessage response = await Begin(server, Endless);
            await using Stream stream = await response.Content.ReadAsStreamAsync();
            Assert.True(await stream.ReadAsync(new byte[64]) > 0);
        }

        GenerationEngine engine = server.Core.Models.Models[0].Opened!.Engine;
        await Eventually.Is(() => server.Core.State.Running == 0);
        await Eventually.Is(() => engine.Load is { Running: 0, Waiting: 0 } load && load.PagesInUse == load.PagesCached);
    }

    [Fact]
    public async Task A_client_that_reads_nothing_holds_nobody_up_and_is_let_go()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
            (options.MaxUnreadTokens, options.StallTimeout) = (16, TimeSpan.FromSeconds(1)));
        await server.AskAsync("/v1/completions", """{"prompt": "the cat", "max_tokens": 1}""");

        // More than the buffers of both ends hold.
        string body = """
            {"messages": [{"role": "user", "content": "the cat"}], "ignore_eos": true, "stream": true, "n": 48, "logprobs": true,
            "top_logprobs": 20}
            """;
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(server.Address.Host, server.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n{body}"));
        await Eventually.Is(() => server.Core.State.Running == 1);
        for (int i = 0; i < 4; i++)
            await server.AskAsync("/v1/completions", """{"prompt": "the cat", "max_tokens": 8}""");
        await Eventually.Is(() => server.Core.State.Running == 0, seconds: 90);
        Assert.Contains(server.Log.Lines, line => line.Contains("was cancelled: nothing", StringComparison.Ordinal));
        GenerationEngine engine = server.Core.Models.Models[0].Opened!.Engine;
        await Eventually.Is(() => engine.Load is { Running: 0, Waiting: 0 });
    }

    [Fact]
    public async Task A_stream_without_tokens_sends_comments()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            OneAtATime(options);
            options.Heartbeat = TimeSpan.FromMilliseconds(5);
        });
        using HttpResponseMessage first = await Begin(server, Endless);
        using HttpResponseMessage second = await Begin(server, """{"prompt": "the cat", "max_tokens": 2, "stream": true}""");
        string text = await second.Content.ReadAsStringAsync();
        Assert.Contains(": still here\n\n", text);
        Assert.EndsWith("data: [DONE]\n\n", text);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_says_so_in_its_last_event()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            OneAtATime(options);
            options.MaxUnreadTokens = 4;
        });
        using HttpResponseMessage first = await Begin(server, Endless);
        using HttpResponseMessage waiting = await Begin(server, Endless);
        server.Core.State.Kill();
        string text = await waiting.Content.ReadAsStringAsync();
        string last = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith("data: ", last);
        Assert.Equal("draining", JsonElement.Parse(last["data: ".Length..]).GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain("[DONE]", text);
    }

    [Fact]
    public async Task When_the_server_stops_what_runs_ends_and_what_is_new_is_refused()
    {
        await using TestServer server = await TestServer.StartAsync(OneAtATime);
        Task<HttpResponseMessage> running = Begin(server, Endless);
        Task<HttpResponseMessage> waiting = Begin(server, Endless);
        using HttpResponseMessage one = await running, two = await waiting;
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/ready")).StatusCode);
        Task stopping = server.App.StopAsync();
        if (!stopping.IsCompleted && server.Core.State.Running > 0)
        {
            using HttpResponseMessage refused = await server.PostAsync("/v1/completions", """{"prompt": "x"}""");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await server.Client.GetAsync("/ready")).StatusCode);
        }

        Assert.EndsWith("data: [DONE]\n\n", await one.Content.ReadAsStringAsync());
        Assert.EndsWith("data: [DONE]\n\n", await two.Content.ReadAsStringAsync());
        await stopping;
    }

    [Fact]
    public async Task Answers_do_not_depend_on_what_runs_beside_them()
    {
        await using TestServer server = await TestServer.StartAsync();
        string[] bodies = [.. Enumerable.Range(0, 16).Select(i =>
            $$"""
            {"prompt": "the cat number {{i}} sat", "max_tokens": {{4 + i}}, "seed": {{i}}, "temperature": 1.2, "n": {{1 + i % 3}}}
            """)];
        var alone = new List<string>();
        foreach (string body in bodies)
            alone.Add(Texts(await server.AskAsync("/v1/completions", body)));
        string[] together =
            await Task.WhenAll(bodies.Select(async body => Texts(await server.AskAsync("/v1/completions", body))));
        Assert.Equal(alone, together);
    }

    private static string Texts(JsonElement answer) =>
        string.Join('|', answer.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()));

    private static Task<HttpResponseMessage> Begin(TestServer server, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        return server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}
