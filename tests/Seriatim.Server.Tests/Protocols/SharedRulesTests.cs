using System.Net;
using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>What holds for the protocols alike: names of tools, ids, lengths, how long models stay, who may fetch them.</summary>
public sealed class SharedRulesTests
{
    [Theory]
    [InlineData("/v1/chat/completions", "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]",
        "{\"type\": \"function\", \"function\": {\"name\": NAME}}", "tools[0].function.name")]
    [InlineData("/v1/responses", "\"input\": \"x\"", "{\"type\": \"function\", \"name\": NAME}", "tools[0].name")]
    [InlineData("/v1/messages", "\"max_tokens\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"x\"}]",
        "{\"name\": NAME, \"input_schema\": {\"type\": \"object\"}}", "tools[0].name")]
    public async Task Tools_have_names_that_models_can_write(string path, string rest, string tool, string field)
    {
        await using TestServer server = await TestServer.StartAsync(template: TinyModels.ToolTemplate);
        foreach (string name in new[] { "a b", "", "é", new string('x', 65) })
        {
            string body =
                $"{{{rest}, \"tools\": [{tool.Replace("NAME", JsonSerializer.Serialize(name), StringComparison.Ordinal)}]}}";
            string message = (await server.FailAsync(path, body, 400)).GetProperty("message").GetString()!;
            Assert.StartsWith($"{field} is no name of a tool", message);
        }

        string one = tool.Replace("NAME", "\"f\"", StringComparison.Ordinal);
        JsonElement twice = await server.FailAsync(path, $"{{{rest}, \"tools\": [{one}, {one}]}}", 400);
        Assert.Contains("names must differ", twice.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("""{"type": "thinking", "thinking": "hm"}""", "thinking")]
    [InlineData("""{"type": "tool_use", "id": "1", "name": "f", "input": {}}""", "tool_use")]
    public async Task A_message_of_the_user_has_no_block_of_the_assistants(string block, string type)
    {
        await using TestServer server = await TestServer.StartAsync();
        string body =
            $$"""{"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, {{block}}]}]}""";
        JsonElement error = await server.FailAsync("/v1/messages", body, 400);
        Assert.Equal($"messages[0] is the user's and has a {type}; these are the assistant's.",
            error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("/api/chat", "\"thinking\": \"hm\"", "thinking")]
    [InlineData("/api/chat", "\"tool_calls\": [{\"function\": {\"name\": \"f\", \"arguments\": {}}}]", "tool_calls")]
    [InlineData("/api/chat", "\"tool_name\": \"f\"", "tool_name")]
    [InlineData("/v1/chat/completions", "\"reasoning_content\": \"hm\"", "reasoning_content")]
    [InlineData("/v1/chat/completions", "\"tool_call_id\": \"1\"", "tool_call_id")]
    public async Task A_message_of_the_user_has_no_field_of_others(string path, string extra, string field)
    {
        await using TestServer server = await TestServer.StartAsync();
        string body = $$"""{"stream": false, "messages": [{"role": "user", "content": "x", {{extra}} } ] }""";
        using HttpResponseMessage response = await server.PostAsync(path, body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains($"messages[0].{field} belongs to", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_request_is_found_by_the_id_of_its_answer_whatever_the_protocol()
    {
        await using TestServer server = await TestServer.StartAsync();
        foreach ((string path, string body) in new[]
        {
            ("/v1/responses", """{"input": "x", "max_output_tokens": 1}"""),
            ("/v1/messages", """{"max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}"""),
            ("/v1/chat/completions", """{"max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}"""),
        })
        {
            string id = (await server.AskAsync(path, body)).GetProperty("id").GetString()!;
            Assert.Equal("done", (await server.GetAsync($"/v1/requests/{id}")).GetProperty("state").GetString());
        }
    }

    [Fact]
    public async Task Less_than_no_tokens_are_as_many_as_fit_and_not_as_the_model_has_it()
    {
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path, context: 64);
        File.WriteAllText(folder.File("generation_config.json"),
            """{"max_new_tokens": 2, "eos_token_id": 0, "do_sample": false}""");
        await using TestServer server = await TestServer.StartAsync(tiny: false, configure: options => options.Models.Add(
            new ServedModelOptions
            {
                Model = folder.Path,
                Name = "short",
                Options = new() { Engine = new() { MemoryBytes = 16 << 20 } },
            }));
        async Task<int> Count(string options) => (await server.AskAsync("/api/generate",
            $$"""{"prompt": "the cat", "raw": true, "stream": false, "options": {"seed": 3, "temperature": 1 {{options}} } }"""))
            .GetProperty("eval_count").GetInt32();
        Assert.Equal(2, await Count(""));
        Assert.Equal(4, await Count(", \"num_predict\": 4"));
        Assert.True(await Count(", \"num_predict\": -1") > 4);
        Assert.True(await Count(", \"num_predict\": -2") > 4);
    }

    [Fact]
    public async Task How_long_a_model_stays_is_said_for_one_use_alone()
    {
        await using TestServer server = await TestServer.StartAsync();
        async Task<double> Minutes() => ((await server.GetAsync("/api/ps")).GetProperty("models")[0].GetProperty("expires_at")
            .GetDateTimeOffset() - DateTimeOffset.UtcNow).TotalMinutes;
        await server.AskAsync("/api/generate",
            """{"prompt": "x", "stream": false, "options": {"num_predict": 1}, "keep_alive": "1h"}""");
        Assert.InRange(await Minutes(), 50, 61);
        await server.AskAsync("/v1/completions", """{"prompt": "x", "max_tokens": 1}""");
        Assert.InRange(await Minutes(), 1, 6);
    }

    [Fact]
    public async Task What_the_server_keeps_is_closed_by_no_request()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
            options.Models[0] = options.Models[0] with { KeepAlive = Timeout.InfiniteTimeSpan });
        await server.AskAsync("/api/generate",
            """{"prompt": "x", "stream": false, "options": {"num_predict": 1}, "keep_alive": 0}""");
        using HttpResponseMessage refused = await server.PostAsync("/api/generate", """{"keep_alive": 0}""");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("kept open", await refused.Content.ReadAsStringAsync());
        Assert.Equal(1, (await server.GetAsync("/api/ps")).GetProperty("models").GetArrayLength());
    }

    [Fact]
    public async Task Models_are_fetched_where_that_is_allowed_and_within_limits()
    {
        await using (TestServer server = await TestServer.StartAsync())
        {
            using HttpResponseMessage refused = await server.PostAsync("/api/pull", """{"model": "owner/name"}""");
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        await using TestServer limited = await TestServer.StartAsync(options =>
            (options.AllowsPulling, options.Limits) = (true, new() { RequestsPerMinute = 1 }));
        using HttpResponseMessage wrong = await limited.PostAsync("/api/pull", """{"model": "no/such/name", "stream": false}""");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        using HttpResponseMessage more = await limited.PostAsync("/api/pull", """{"model": "no/such/name", "stream": false}""");
        Assert.Equal(HttpStatusCode.TooManyRequests, more.StatusCode);
    }
}
