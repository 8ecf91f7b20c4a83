using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Seriatim.Server.Tests;

/// <summary>Ids, keys, limits, bodies: what every request passes through.</summary>
public sealed class PipelineTests
{
    private const string Completions = "/v1/completions";
    private const string Body = """{"prompt": "the cat", "max_tokens": 2, "seed": 1}""";

    [Fact]
    public async Task Who_has_no_key_is_told_so_and_who_has_one_is_served()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.ApiKeys.Add(new ApiKeyOptions { Key = "sesame", Name = "ann" });
            options.ApiKeys.Add(new ApiKeyOptions { Key = "other" });
        });
        foreach (string? key in new[] { null, "sesam", "sesamee", "" })
        {
            using HttpResponseMessage refused = await server.PostAsync(Completions, Body, key);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.Single().Scheme);
            Assert.Contains("invalid_api_key", await refused.Content.ReadAsStringAsync());
        }

        foreach (string key in new[] { "sesame", "other" })
        {
            using HttpResponseMessage served = await server.PostAsync(Completions, Body, key);
            Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        }

        server.Client.DefaultRequestHeaders.Add("x-api-key", "sesame");
        await server.AskAsync(Completions, Body);
        server.Client.DefaultRequestHeaders.Clear();
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Client.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task Requests_and_tokens_of_a_minute_are_counted_and_told()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.ApiKeys.Add(new ApiKeyOptions { Key = "few", Limits = new() { RequestsPerMinute = 2 } });
            options.ApiKeys.Add(new ApiKeyOptions { Key = "short", Limits = new() { TokensPerMinute = 3 } });
        });
        using HttpResponseMessage first = await server.PostAsync(Completions, Body, "few");
        Assert.Equal("2", first.Headers.GetValues("x-ratelimit-limit-requests").Single());
        Assert.Equal("1", first.Headers.GetValues("x-ratelimit-remaining-requests").Single());
        using HttpResponseMessage second = await server.PostAsync(Completions, Body, "few");
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        await ExpectLimited(server, "few", "requests");
        using HttpResponseMessage long1 = await server.PostAsync(Completions, Body, "short");
        Assert.Equal(HttpStatusCode.OK, long1.StatusCode);
        await ExpectLimited(server, "short", "tokens");
    }

    [Fact]
    public async Task No_more_requests_run_at_the_same_time_than_a_key_may_have()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Limits = new() { Concurrency = 1 });
        using var gone = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, Completions)
        {
            Content = new StringContent("""{"prompt": "the cat", "ignore_eos": true, "stream": true}""", Encoding.UTF8, "application/json"),
        };
        using (HttpResponseMessage running = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone.Token))
        {
            if (server.Core.State.Running > 0)
                await ExpectLimited(server, null, "requests");
        }

        await Eventually.Is(() => server.Core.State.Running == 0);
        await server.AskAsync(Completions, Body);
    }

    [Fact]
    public async Task Every_answer_has_an_id_and_the_clients_own_if_it_can_be_told()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal("mine-7", await IdOf(server, "mine-7"));
        Assert.StartsWith("req_", await IdOf(server, null));
        Assert.StartsWith("req_", await IdOf(server, "with blanks"));
        Assert.StartsWith("req_", await IdOf(server, new string('x', 129)));
        using HttpResponseMessage response = await server.PostAsync(Completions, Body);
        Assert.True(int.Parse(response.Headers.GetValues("openai-processing-ms").Single()) >= 0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("""{"prompt": "a", }""")]
    [InlineData("""{"prompt": "a", "prompt": "b"}""")]
    [InlineData("""{"prompt": "\ud800"}""")]
    [InlineData("""{"prompt": "a"} {}""")]
    [InlineData("{\"prompt\": NaN}")]
    public async Task Broken_json_is_refused(string body)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.FailAsync(Completions, body, 400, "invalid_json");
        await server.FailAsync("/v1/chat/completions", body, 400, "invalid_json");
    }

    [Fact]
    public async Task Bodies_that_are_no_utf8_too_deep_or_no_object_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.MaxJsonDepth = 8);
        using var content = new ByteArrayContent([(byte)'{', (byte)'"', 0xff, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await server.Client.PostAsync(Completions, content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        await server.FailAsync(Completions, $$"""{"prompt": {{new string('[', 20)}}1{{new string(']', 20)}}}""", 400, "invalid_json");
        await server.FailAsync(Completions, "[]", 400, "invalid_type");
        await server.FailAsync(Completions, "3", 400, "invalid_type");
    }

    [Fact]
    public async Task Bodies_that_are_too_large_are_refused_and_others_go_on()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.MaxBodyBytes = 1000);
        string large = $$"""{"prompt": "{{new string('x', 100_000)}}"}""";
        JsonElement error = await server.FailAsync(Completions, large, 413, "body_too_large");
        Assert.Contains("1,000", error.GetProperty("message").GetString());
        using var content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(large)));
        using var request = new HttpRequestMessage(HttpMethod.Post, Completions) { Content = content };
        request.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage chunked = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, chunked.StatusCode);
        await server.AskAsync(Completions, Body);
    }

    [Fact]
    public async Task Headers_that_are_too_large_are_refused_and_others_go_on()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Add("x-large", new string('x', 60_000));
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, response.StatusCode);
        await server.AskAsync(Completions, Body);
    }

    [Fact]
    public async Task Bodies_that_end_in_their_midst_leave_nothing_behind()
    {
        await using TestServer server = await TestServer.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(server.Address.Host, server.Address.Port);
            await socket.SendAsync(Encoding.ASCII.GetBytes("POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{\"pro"));
            if (i % 2 == 0)
                socket.Shutdown(SocketShutdown.Send);
        }

        await server.AskAsync(Completions, Body);
        await Eventually.Is(() => server.Core.State.Running == 0);
    }

    [Fact]
    public async Task A_page_of_another_site_cannot_ask_without_its_browser_asking_first()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, Completions) { Content = new StringContent(Body) };
        request.Headers.Add("Origin", "https://example.org");
        using HttpResponseMessage refused = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
        using var named = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        named.Headers.Host = "example.org";
        using HttpResponseMessage strange = await server.Client.SendAsync(named);
        Assert.Equal(HttpStatusCode.BadRequest, strange.StatusCode);
        using HttpResponseMessage plain = await server.PostAsync(Completions, Body);
        Assert.False(plain.Headers.Contains("Access-Control-Allow-Origin"));
        await using TestServer open = await TestServer.StartAsync(app: app => app with { CorsOrigins = ["https://example.org"] });
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Completions);
        preflight.Headers.Add("Origin", "https://example.org");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage allowed = await open.Client.SendAsync(preflight);
        Assert.Equal("https://example.org", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Fact]
    public async Task What_is_not_there_is_named()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.FailAsync("/v1/nothing", "{}", 404, "unknown_url");
        JsonElement error = await server.FailAsync(Completions, """{"model": "gpt", "prompt": "x"}""", 404, "model_not_found", "model");
        Assert.Contains("tiny", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_prompt_over_the_context_is_refused_with_both_numbers()
    {
        await using TestServer server = await TestServer.StartAsync();
        string ids = string.Join(',', Enumerable.Repeat(5, 300));
        JsonElement error = await server.FailAsync(Completions, $$"""{"prompt": [{{ids}}]}""", 400, "context_length_exceeded");
        Assert.Contains("300", error.GetProperty("message").GetString());
        Assert.Contains("256", error.GetProperty("message").GetString());
        await server.FailAsync(Completions, """{"prompt": [5, 6], "max_tokens": 400}""", 400, "context_length_exceeded");
    }

    [Fact]
    public async Task A_full_queue_is_told_with_the_time_to_come_again()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.Models[0] = options.Models[0] with
        {
            Options = new() { Engine = new() { MemoryBytes = 16 << 20, MaxSequences = 1, MaxQueuedRequests = 1 } },
        });
        const string Long = """{"prompt": "the cat", "ignore_eos": true, "n": 1, "seed": 3}""";
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => server.PostAsync(Completions, Long)));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        HttpResponseMessage refused = Assert.IsType<HttpResponseMessage>(answers.FirstOrDefault(answer => !answer.IsSuccessStatusCode));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Contains("queue_full", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public void What_nobody_expected_tells_its_client_an_id_and_nothing_else()
    {
        ApiError error = ErrorTable.Of(new InvalidOperationException("secret path"), "req_7");
        Assert.Equal(500, error.Status);
        Assert.Contains("req_7", error.Message);
        Assert.DoesNotContain("secret", error.Message);
        Assert.NotNull(error.Fault);
    }

    [Fact]
    public async Task Prompts_are_logged_only_if_that_is_asked_for()
    {
        foreach (bool asks in new[] { false, true })
        {
            await using TestServer server = await TestServer.StartAsync(options => options.LogsPrompts = asks);
            await server.AskAsync(Completions, """{"prompt": "the cat number 7 sat", "max_tokens": 2}""");
            await server.FailAsync(Completions, """{"prompt": "the cat number 7 sat", "temperature": 9}""", 400);
            await Eventually.Is(() => server.Log.Lines.Any(line => line.Contains("POST /v1/completions: 400", StringComparison.Ordinal)));
            Assert.Equal(asks, server.Log.Lines.Any(line => line.Contains("number 7", StringComparison.Ordinal)));
        }
    }

    private static async Task ExpectLimited(TestServer server, string? key, string what)
    {
        using HttpResponseMessage limited = await server.PostAsync(Completions, Body, key);
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.True(limited.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        JsonElement error = JsonElement.Parse(await limited.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.Equal("rate_limit_exceeded", error.GetProperty("code").GetString());
        Assert.Equal(what, error.GetProperty("type").GetString());
    }

    private static async Task<string> IdOf(TestServer server, string? id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        if (id is not null)
            request.Headers.Add("x-request-id", id);
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return response.Headers.GetValues("x-request-id").Single();
    }
}
