using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server.Tests;

/// <summary>
/// What a request may cost: memory that stays, time, tokens; and that nothing a client sends is a fault of the server.
/// </summary>
public sealed class BoundTests
{
    private const string Completions = "/v1/completions";

    [Fact]
    public async Task Options_are_kept_once_for_all_prompts_and_counted_in_bytes()
    {
        await using TestServer server = await TestServer.StartAsync();
        string stop = string.Join(',', Enumerable.Range(0, 64).Select(i => $"\"{new string('x', 1000)}{i}\""));
        string prompts = string.Join(',', Enumerable.Repeat("\"the cat\"", 64));
        using HttpResponseMessage response = await server.PostAsync(Completions,
            $$"""{"prompt": [{{prompts}}], "max_tokens": 1, "stop": [{{stop}}]}""");
        Assert.True(response.IsSuccessStatusCode);
        RequestRecord record = server.Core.Requests.Find(response.Headers.GetValues("x-request-id").Single())!;
        Assert.Equal(64, record.Prompts.Count);
        Assert.All(record.Prompts, prompt => Assert.Same(record.Prompts[0].Options, prompt.Options));
        Assert.InRange(record.Bytes, 64_000, 100_000);
        Assert.Equal(record.Bytes, server.Core.Requests.Bytes);

        // Refused ones are counted as well, and all together are bounded.
        string note = new('y', 6 << 20);
        for (int i = 0; i < 7; i++)
        {
            using HttpResponseMessage refused = await server.PostAsync(Completions, $$"""
                {"prompt": "x", "max_tokens": {{1_000_000 + i}}, "json_schema": {"type": "boolean", "description": "{{note}}"} }
                """);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        // One is always kept.
        Assert.True(server.Core.Requests.Bytes > note.Length);

        Assert.InRange(server.Core.Requests.Bytes, 1, RequestRing.MostBytes);
    }

    /// <summary>A process without a descriptor left is ended by its runtime, so the last ones are nobody's.</summary>
    [Fact]
    public async Task Connections_are_bounded_and_those_over_the_bound_are_closed()
    {
        await using TestServer server = await TestServer.StartAsync(app: app => app with { MaxConnections = 2 });
        using var first = new TcpClient();
        using var second = new TcpClient();
        await first.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        Assert.Contains("200 OK", await HealthAsync(first));
        await second.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        Assert.Contains("200 OK", await HealthAsync(second));
        using (var third = new TcpClient())
        {
            await third.ConnectAsync(IPAddress.Loopback, server.Address.Port);
            Assert.Equal("", await HealthAsync(third));
        }

        Assert.Contains("200 OK", await HealthAsync(first));
    }

    [Fact]
    public void The_systems_limit_of_open_files_leaves_room_for_the_rest()
    {
        Assert.Equal(OpenFiles.Otherwise, OpenFiles.RoomIn(["Limit  Soft  Hard", "Max open files   1024   20000   files"]));
        Assert.Equal(4096 - OpenFiles.Kept, OpenFiles.RoomIn(["Max open files 1024 4096 files"]));
        Assert.Equal(300, OpenFiles.RoomIn(["Max open files 600 600 files"]));
        Assert.Equal(OpenFiles.Otherwise, OpenFiles.RoomIn(["Max open files unlimited unlimited files"]));
        Assert.Equal(OpenFiles.Otherwise, OpenFiles.RoomIn([]));
        Assert.InRange(OpenFiles.RoomForConnections(), 1, OpenFiles.Otherwise);
    }

    private static async Task<string> HealthAsync(TcpClient client)
    {
        try
        {
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
            byte[] buffer = new byte[4096];
            return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
        }
        catch (IOException)
        {
            return "";
        }
    }

    [Theory]
    [InlineData("stop", 65, 1)]
    [InlineData("stop", 1, 1025)]
    [InlineData("dry_sequence_breakers", 65, 1)]
    [InlineData("dry_sequence_breakers", 1, 129)]
    public void Lists_of_texts_have_a_length(string name, int count, int length)
    {
        JsonElement given = JsonSerializer.SerializeToElement(Enumerable.Repeat(new string('x', length), count));
        Field row = CompletionFields.Table.Rows.First(row => row.Name == name);
        ApiException refused = Assert.Throws<ApiException>(() => row.Check(given, name));
        Assert.StartsWith(name, refused.Error.Param);
        row.Check(
            JsonSerializer.SerializeToElement(Enumerable.Repeat(new string('x', row.MostLength!.Value), row.MostItems!.Value)),
            name);
        Assert.Contains($"{row.MostItems}", row.Size());
    }

    [Theory]
    [InlineData("logit_bias")]
    [InlineData("stop_token_ids")]
    public void Lists_of_ids_have_a_length(string name)
    {
        Field row = CompletionFields.Table.Rows.First(row => row.Name == name);
        IEnumerable<int> ids = Enumerable.Range(0, row.MostItems!.Value + 1);
        JsonElement given = name == "logit_bias" ? JsonSerializer.SerializeToElement(ids.ToDictionary(id => $"{id}"))
            : JsonSerializer.SerializeToElement(ids);
        Assert.Equal(name, Assert.Throws<ApiException>(() => row.Check(given, name)).Error.Param);
    }

    [Fact]
    public async Task The_vocabulary_is_searched_for_breakers_once_a_request()
    {
        await using TestServer server = await TestServer.StartAsync();
        var request = new CompletionRequest();
        CompletionFields.Table.Read(JsonElement.Parse(
            """{"prompt": ["a", "b", "c"], "dry_multiplier": 0.8, "dry_sequence_breakers": ["a", "e"]}"""), request);
        using ModelUse use = await server.Core.Models.Find("tiny").UseAsync(default);
        JobPlan plan = request.Job.Plan(use);
        Assert.Equal(3, plan.Requests.Count);
        Assert.NotEmpty(plan.Requests[0].Sampling.Penalties.Dry!.Breakers);
        Assert.All(plan.Requests, one => Assert.Same(plan.Requests[0].Sampling, one.Sampling));
    }

    [Theory]
    [InlineData("/api/generate", """{"prompt": "x", "keep_alive": "NaN"}""", "keep_alive")]
    [InlineData("/api/generate", """{"prompt": "x", "keep_alive": "Infinity"}""", "keep_alive")]
    [InlineData("/api/generate", """{"prompt": "x", "keep_alive": "1e999"}""", "keep_alive")]
    [InlineData("/v1/chat/completions", """
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [{"id": "1", "type": "function",
        "function": {"name": "f", "arguments": "{\"a\":\"\\ud800\"}"}}]}], "max_tokens": 1}
        """, "arguments")]
    [InlineData("/v1/responses", """
        {"input": [{"type": "function_call", "call_id": "1", "name": "f", "arguments": "{\"a\":\"\\ud800\"}"},
        {"type": "function_call_output", "call_id": "1", "output": "7"}], "max_output_tokens": 1}
        """, "arguments")]
    [InlineData("/v1/completions", """{"prompt": "x", "max_tokens": 1, "json_schema": "{\"const\":\"\\ud800\"}"}""",
        "json_schema")]
    public async Task What_cannot_be_read_is_the_clients_affair(string path, string body, string field)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpResponseMessage response = await server.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(field, await response.Content.ReadAsStringAsync());
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public void A_models_call_with_half_a_letter_is_none() =>
        Assert.False(AnswerSink.TryParse("{\"a\":\"\\ud800\"}", out _));

    [Fact]
    public async Task A_stream_can_be_taken_up_behind_its_end()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement made = await server.AskAsync("/v1/responses",
            """{"input": "the cat", "max_output_tokens": 1, "background": true}""");
        string id = made.GetProperty("id").GetString()!;
        string events = await server.Client.GetStringAsync($"/v1/responses/{id}?stream=true&starting_after={int.MaxValue}");
        Assert.DoesNotContain("error", events);
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_error_names_the_field_that_was_sent_whatever_was_asked_before()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Hello = "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]";
        await server.PostAsync("/v1/messages", $$"""{{{Hello}}, "max_tokens": 1, "stop_sequences": [""]}""");
        await server.FailAsync(Completions, """{"prompt": "x", "stop": [""]}""", 400, "invalid_value", "stop");
        foreach (string name in new[] { "max_tokens", "max_completion_tokens" })
        {
            await server.FailAsync("/v1/chat/completions", $$"""{{{Hello}}, "{{name}}": 1000000}""", 400, null,
                null);
        }

        using HttpResponseMessage ollama = await server.PostAsync("/api/generate",
            """{"prompt": "x", "options": {"stop": [""]}}""");
        Assert.Equal(HttpStatusCode.BadRequest, ollama.StatusCode);
        var said = new SaidFields();
        said.Note("StopStrings", "options.stop");
        said.Note("StopStrings", "other");
        said.Note("Penalties.Dry", "dry_multiplier");
        Assert.Equal("options.stop", said.Of("StopStrings"));
        Assert.Equal("dry_multiplier", said.Of("Sampling.Penalties.Dry.Base"));
        Assert.Null(said.Of("Seed"));
    }

    [Fact]
    public async Task Names_of_clients_are_told_short_and_logged_not_at_all()
    {
        await using TestServer server = await TestServer.StartAsync();
        string secret = "secret" + new string('s', 5000);
        JsonElement error = await server.FailAsync(Completions, $$"""{"prompt": "x", "{{secret}}": 1}""", 400,
            "unknown_parameter");
        Assert.InRange(error.GetProperty("message").GetString()!.Length, 1, 300);
        await server.FailAsync(Completions, $$$"""{"prompt": "x", "logit_bias": {"{{{secret}}}": 1}}""", 400, "invalid_value");
        await Eventually.Is(() =>
            server.Log.Lines.Any(line => line.Contains("400 invalid_value logit_bias in", StringComparison.Ordinal)));
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Head_is_answered_and_whatever_is_not_there_has_an_error_object()
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach (string path in new[] { "/", "/v1/models", "/api/tags", "/health" })
        {
            using HttpResponseMessage head = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
            Assert.Equal(HttpStatusCode.OK, head.StatusCode);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        }

        using HttpResponseMessage none = await server.Client.GetAsync("/v1/x.json");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        Assert.True(none.Headers.Contains("x-request-id"));
        Assert.Contains("unknown_url", await none.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Two_keys_of_one_name_see_nothing_of_each_other()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.ApiKeys.Add(new ApiKeyOptions { Key = "a", Name = "key 2" });
            options.ApiKeys.Add(new ApiKeyOptions { Key = "b" });
        });
        using HttpResponseMessage mine = await server.PostAsync("/v1/responses",
            """{"input": "x", "max_output_tokens": 1}""", "a");
        string body = await mine.Content.ReadAsStringAsync();
        Assert.True(mine.IsSuccessStatusCode, body);
        string id = JsonElement.Parse(body).GetProperty("id").GetString()!;
        string request = mine.Headers.GetValues("x-request-id").Single();
        foreach (string path in new[] { $"/v1/responses/{id}", $"/v1/requests/{request}" })
        {
            Assert.Equal(HttpStatusCode.NotFound, await Status(path, "b"));
            Assert.Equal(HttpStatusCode.OK, await Status(path, "a"));
        }

        async Task<HttpStatusCode> Status(string path, string key)
        {
            using var get = new HttpRequestMessage(HttpMethod.Get, path);
            get.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using HttpResponseMessage response = await server.Client.SendAsync(get);
            return response.StatusCode;
        }
    }
}
