using System.Text.Json;

namespace Seriatim.Server.Tests;

/// <summary>
/// What can be seen of the server from outside: numbers, requests and their repetition, the document of its API.
/// </summary>
public sealed class OutsideTests
{
    [Fact]
    public async Task Metrics_have_the_names_that_dashboards_know()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.AskAsync("/v1/completions", """{"prompt": "the cat", "max_tokens": 3, "seed": 1}""");
        await server.FailAsync("/v1/completions", """{"prompt": "the cat", "top_p": 0}""", 400);
        string text = await server.Client.GetStringAsync("/metrics");
        foreach (string line in new[]
        {
            "vllm:generation_tokens_total{model_name=\"tiny\",engine=\"0\"} 3",
            "vllm:request_success_total{model_name=\"tiny\",engine=\"0\",finished_reason=\"length\"} 1",
            "vllm:num_requests_running{model_name=\"tiny\",engine=\"0\"} 0",
            "vllm:e2e_request_latency_seconds_count{model_name=\"tiny\",engine=\"0\"} 1",
            "vllm:e2e_request_latency_seconds_bucket{model_name=\"tiny\",engine=\"0\",le=\"+Inf\"} 1",
            "llamacpp:tokens_predicted_total{model_name=\"tiny\",engine=\"0\"} 3",
            "seriatim:replay_mismatch_total 0", "# TYPE vllm:time_to_first_token_seconds histogram",
            "seriatim:kv_block_waste_ratio", "vllm:kv_cache_usage_perc", "seriatim:batch_occupancy",
        })
        {
            Assert.Contains(line, text);
        }
    }

    [Fact]
    public async Task A_request_is_told_by_its_id_and_repeated_to_the_same_bytes()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement answer = await server.AskAsync("/v1/completions",
            """{"prompt": ["the cat", "a song"], "max_tokens": 5, "temperature": 1.1, "n": 2}""");
        string id = answer.GetProperty("id").GetString()!;
        JsonElement record = await server.GetAsync($"/v1/requests/{id}");
        Assert.Equal("done", record.GetProperty("state").GetString());
        string[] events =
            [.. record.GetProperty("timeline").EnumerateArray().Where(happened => happened.GetProperty("prompt").GetInt32() == 0)
            .Select(happened => happened.GetProperty("event").GetString()!).Distinct()];
        Assert.Equal(["queued", "admitted", "prefill", "first_token", "done"], events);
        Assert.True((await server.AskAsync($"/v1/requests/{id}/replay", "")).GetProperty("same").GetBoolean());
        Assert.True((await server.AskAsync("/v1/replay", record.GetRawText())).GetProperty("same").GetBoolean());

        // What was changed is seen: the prompt, the hash of what came, the weights.
        string changed = record.GetRawText().Replace("\"prompt_ids\":[", "\"prompt_ids\":[5,", StringComparison.Ordinal);
        await server.FailAsync("/v1/replay", changed, 400);
        string hash = record.GetProperty("prompts")[0].GetProperty("output_hashes")[0].GetString()!;
        changed = record.GetRawText().Replace(hash, new string('0', 64), StringComparison.Ordinal);
        Assert.False((await server.AskAsync("/v1/replay", changed)).GetProperty("same").GetBoolean());

        // What a client brings is told it, and counts for nothing; what the server remembers itself does.
        Assert.Contains("seriatim:replay_mismatch_total 0", await server.Client.GetStringAsync("/metrics"));
        RequestRecord kept = server.Core.Requests.Find(id)!;
        kept.Prompts[0].OutputHashes = [.. kept.Prompts[0].OutputHashes.Reverse()];
        Assert.False((await server.AskAsync($"/v1/requests/{id}/replay", "")).GetProperty("same").GetBoolean());
        Assert.Contains("seriatim:replay_mismatch_total 1", await server.Client.GetStringAsync("/metrics"));
        changed = record.GetRawText().Replace("\"fp_", "\"fp_0", StringComparison.Ordinal);
        await server.FailAsync("/v1/replay", changed, 409, "fingerprint_mismatch");
    }

    [Fact]
    public async Task A_request_is_shown_to_its_own_key_alone_and_only_the_last_ones_are_kept()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.ApiKeys.Add(new ApiKeyOptions { Key = "a" });
            options.ApiKeys.Add(new ApiKeyOptions { Key = "b" });
            options.RememberedRequests = 2;
            options.RemembersPrompts = false;
        });
        var ids = new List<string>();
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await server.PostAsync("/v1/completions",
                """{"prompt": "the cat", "max_tokens": 1}""", "a");
            ids.Add(response.Headers.GetValues("x-request-id").Single());
        }

        Assert.Equal(404, await Status(ids[0], "a"));
        Assert.Equal(404, await Status(ids[2], "b"));
        Assert.Equal(200, await Status(ids[2], "a"));
        using HttpResponseMessage replay = await server.PostAsync($"/v1/requests/{ids[2]}/replay", "", "a");
        Assert.Contains("prompt_not_kept", await replay.Content.ReadAsStringAsync());

        async Task<int> Status(string id, string key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/requests/{id}");
            request.Headers.Add("x-api-key", key);
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task The_api_is_described_by_its_tables()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement document = await server.GetAsync("/openapi.json");
        JsonElement fields =
            document.GetProperty("paths").GetProperty("/v1/chat/completions").GetProperty("post").GetProperty("requestBody")
            .GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("properties");
        Assert.All(ChatFields.Table.Rows, row => Assert.True(fields.TryGetProperty(row.Name, out _), row.Name));
        Assert.All(Endpoints.All, endpoint => Assert.True(
            document.GetProperty("paths").TryGetProperty(endpoint.Path.Replace("{**", "{", StringComparison.Ordinal), out _),
                endpoint.Path));
        Assert.Equal(ModelIdentity.Version, (await server.GetAsync("/version")).GetProperty("version").GetString());
    }

    [Fact]
    public async Task Texts_become_tokens_and_texts_again()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement tokens = await server.AskAsync("/tokenize", """{"content": "the cat sat", "with_pieces": true}""");
        int[] ids = [.. tokens.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("id").GetInt32())];
        JsonElement text = await server.AskAsync("/detokenize", JsonSerializer.Serialize(new { tokens = ids }));
        Assert.Equal("the cat sat", text.GetProperty("content").GetString());
        await server.FailAsync("/detokenize", """{"tokens": [99999]}""", 400, "invalid_value", "tokens");
        JsonElement prompt = await server.AskAsync("/apply-template", """{"messages": [{"role": "user", "content": "x"}]}""");
        Assert.Equal("<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n", prompt.GetProperty("prompt").GetString());
    }
}
