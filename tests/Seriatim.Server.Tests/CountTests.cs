using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Seriatim.Generation;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>Tokens are counted however a request ends and whatever it is; repetitions are jobs like others.</summary>
public sealed partial class CountTests
{
    private const string Completions = "/v1/completions";

    [Fact]
    public async Task Who_leaves_before_the_end_has_used_what_was_written()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.MaxUnreadTokens = 8;
            options.ApiKeys.Add(new ApiKeyOptions { Key = "k", Limits = new() { TokensPerMinute = 100_000 } });
        });

        // More than the buffers of both ends hold, so that it runs when its client leaves.
        const string Body = """
            {"messages": [{"role": "user", "content": "the cat"}], "ignore_eos": true, "stream": true, "n": 48, "logprobs": true,
            "top_logprobs": 20}
            """;
        string id;
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(Body, System.Text.Encoding.UTF8, "application/json"),
        })
        {
            request.Headers.Authorization = new("Bearer", "k");
            using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            id = response.Headers.GetValues("x-request-id").Single();
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            for (int i = 0; i < 5; i++)
                Assert.NotNull(await reader.ReadLineAsync());
        }

        await Eventually.Is(() => server.Core.Requests.Find(id)!.State == "cancelled");
        Assert.True(await Metric(server, "vllm:generation_tokens_total") > 0);
        Assert.True(server.Core.Requests.Find(id)!.Events.Last().Count > 0);
        using HttpResponseMessage next = await server.PostAsync(Completions, """{"prompt": "x", "max_tokens": 1}""", "k");
        Assert.True(int.Parse(next.Headers.GetValues("x-ratelimit-remaining-tokens").Single()) < 100_000 - 2);
    }

    [Theory]
    [InlineData("/v1/embeddings", """{"model": "encoder", "input": ["the cat", "a song"]}""")]
    [InlineData("/api/embed", """{"model": "encoder", "input": "the cat"}""")]
    [InlineData("/v1/rerank", """{"model": "encoder", "query": "the cat", "documents": ["a song"]}""")]
    [InlineData("/v1/score", """{"model": "encoder", "text_1": "the cat", "text_2": "a song"}""")]
    [InlineData("/v1/fill", """{"model": "encoder", "text": "the [MASK] sat"}""")]
    public async Task What_reads_and_writes_nothing_is_counted(string path, string body)
    {
        using var folder = new TempFolder();
        TinyModels.WriteBert(folder.Path, "BertForMaskedLM");
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Limits = new() { TokensPerMinute = 2 };
            options.Models.Add(new ServedModelOptions
            {
                Model = folder.Path,
                Name = "encoder",
                Options = new() { Engine = new() { MemoryBytes = 16 << 20 } },
            });
        });
        using HttpResponseMessage first = await server.PostAsync(path, body);
        Assert.True(first.IsSuccessStatusCode, await first.Content.ReadAsStringAsync());
        Assert.True(await Metric(server, "vllm:prompt_tokens_total") > 2);
        using HttpResponseMessage second = await server.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
    }

    [Fact]
    public async Task A_repetition_has_the_rights_of_any_request()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.MaxChoices = 2);
        JsonElement answer = await server.AskAsync(Completions,
            """{"prompt": "the cat", "max_tokens": 3, "seed": 1, "t_max_predict_ms": 60000}""");
        JsonNode record = JsonNode.Parse((await server.GetAsync(
            $"/v1/requests/{answer.GetProperty("id").GetString()}")).GetRawText())!;
        JsonNode prompt = record["prompts"]![0]!;
        prompt["options"]!["priority"] = int.MaxValue;
        using HttpResponseMessage response = await server.PostAsync("/v1/replay", record.ToJsonString());
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(JsonElement.Parse(body).GetProperty("same").GetBoolean(), body);
        RequestRecord run = server.Core.Requests.Find(response.Headers.GetValues("x-request-id").Single())!;
        GenerationRequest request = run.Prompts[0].Request()!;
        Assert.Equal((0, null), (request.Priority, request.Timeout));
        Assert.Equal(6, await Metric(server, "vllm:generation_tokens_total"));

        // As many answers as any request may have.
        for (int i = 0; i < 2; i++)
            record["prompts"]!.AsArray().Add(prompt.DeepClone());
        await server.FailAsync("/v1/replay", record.ToJsonString(), 400, "invalid_value", "n");
        Assert.Equal(0, await Metric(server, "seriatim:replay_mismatch_total"));
    }

    [Fact]
    public async Task A_repetition_that_the_server_cuts_short_is_no_mismatch()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement answer = await server.AskAsync(Completions,
            """{"prompt": "the cat", "max_tokens": 200, "ignore_eos": true}""");
        server.Core.Options.RequestTimeout = TimeSpan.FromTicks(1);
        await server.FailAsync($"/v1/requests/{answer.GetProperty("id").GetString()}/replay", "", 503, "replay_timeout");
        Assert.Equal(0, await Metric(server, "seriatim:replay_mismatch_total"));
    }

    [Fact]
    public async Task Counters_go_on_when_a_model_is_unloaded_and_opened_again()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Body = """{"prompt": "the cat", "max_tokens": 4, "ignore_eos": true}""";
        await server.AskAsync(Completions, Body);
        double steps = await Metric(server, "llamacpp:n_decode_total");
        Assert.True(steps > 0);
        await server.Core.Models.Host.UnloadAsync("tiny");
        Assert.Null(server.Core.Models.Models[0].Opened);
        Assert.Equal(steps, await Metric(server, "llamacpp:n_decode_total"));
        await server.AskAsync(Completions, Body);
        Assert.True(await Metric(server, "llamacpp:n_decode_total") > steps);
    }

    [Fact]
    public async Task Sums_are_read_as_of_one_moment()
    {
        var metrics = new ModelMetrics();
        var usage = new GenerationUsage { PromptTokens = 3, CachedTokens = 3, NewTokens = 1, ForwardRows = 1 };
        using var ending = new CancellationTokenSource();
        Task writer = Task.Run(() =>
        {
            while (!ending.IsCancellationRequested)
                metrics.Break(usage, "cancelled");
        });
        for (int i = 0; i < 20_000; i++)
        {
            (ModelCounts counts, IReadOnlyList<KeyValuePair<string, long>> ended) = metrics.Read();
            Assert.Equal(counts.PromptTokens, counts.CachedTokens);
            Assert.Equal(counts.NewTokens, ended.Sum(end => end.Value));
        }

        await ending.CancelAsync();
        await writer;
    }

    [Fact]
    public async Task Steps_are_counted_by_their_tokens()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.AskAsync(Completions, """{"prompt": "the cat sat", "max_tokens": 9, "ignore_eos": true}""");
        double steps = await Metric(server, "vllm:iteration_tokens_total_count");
        Assert.True(steps >= 9);
        Assert.Equal(await Metric(server, "llamacpp:n_decode_total"), steps);
        Assert.True(await Metric(server, "vllm:iteration_tokens_total_sum") >= steps);
        Assert.Equal(0, await Metric(server, "seriatim:spec_net_gain"));
    }

    [Fact]
    public async Task To_look_at_a_model_does_not_change_how_long_it_stays()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.AskAsync("/api/generate", """
            {"prompt": "the cat", "keep_alive": "20h", "stream": false, "options": {"num_predict": 1}}
            """);
        await server.AskAsync("/api/show", """{"model": "tiny"}""");
        await server.AskAsync("/tokenize", """{"content": "the cat"}""");
        await server.AskAsync("/detokenize", """{"tokens": [5]}""");
        await server.AskAsync("/apply-template", """{"messages": [{"role": "user", "content": "x"}]}""");
        await server.AskAsync("/v1/messages/count_tokens", """{"messages": [{"role": "user", "content": "x"}]}""");
        await server.GetAsync("/props");
        DateTimeOffset? then = null;
        await Eventually.Is(() => (then = server.Core.Models.Host.UnloadsAt("tiny")) is not null);
        Assert.True(then > DateTimeOffset.UtcNow.AddHours(19));
        await server.AskAsync(Completions, """{"prompt": "the cat", "max_tokens": 1}""");
        await Eventually.Is(() => (then = server.Core.Models.Host.UnloadsAt("tiny")) is not null);
        Assert.True(then < DateTimeOffset.UtcNow.AddHours(19));
    }

    private static async Task<double> Metric(TestServer server, string name)
    {
        string text = await server.Client.GetStringAsync("/metrics");
        return Value().Matches(text).Where(line => line.Groups[1].Value == name)
            .Sum(line => double.Parse(line.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^([a-z_:]+)(?:\{[^}]*\})? (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Value();
}
