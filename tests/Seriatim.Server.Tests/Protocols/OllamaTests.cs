using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>ollama's API: lines of JSON, times in nanoseconds, models that are opened and closed by requests.</summary>
public sealed class OllamaTests
{
    private const string Options = "\"options\": {\"num_predict\": 6, \"seed\": 3, \"temperature\": 0.8, \"num_ctx\": 64}";

    [Fact]
    public async Task A_prompt_is_answered_whole_and_in_lines_with_the_same_text()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement whole = await server.AskAsync("/api/generate",
            $"{{\"model\": \"tiny\", \"prompt\": \"the cat\", \"stream\": false, {Options}}}");
        string text = whole.GetProperty("response").GetString()!;
        Assert.NotEmpty(text);
        Assert.True(whole.GetProperty("done").GetBoolean());
        Assert.Equal("length", whole.GetProperty("done_reason").GetString());
        Assert.Equal(6, whole.GetProperty("eval_count").GetInt32());
        Assert.True(whole.GetProperty("total_duration").GetInt64() >= whole.GetProperty("eval_duration").GetInt64());
        JsonElement[] lines = await LinesAsync(server, "/api/generate",
            $"{{\"model\": \"tiny:latest\", \"prompt\": \"the cat\", {Options}}}");
        Assert.Equal(text, string.Concat(lines.Select(line => line.GetProperty("response").GetString())));
        Assert.All(lines[..^1], line => Assert.False(line.GetProperty("done").GetBoolean()));
        Assert.True(lines[^1].GetProperty("done").GetBoolean());

        // A prompt is one message of the user, unless it is raw.
        JsonElement chat = await server.AskAsync("/api/chat",
            $"{{\"model\": \"tiny\", \"messages\": [{{\"role\": \"user\", \"content\": \"the cat\"}}], \"stream\": false, "
                + $"{Options}}}");
        Assert.Equal(text, chat.GetProperty("message").GetProperty("content").GetString());
        JsonElement raw = await server.AskAsync("/api/generate",
            $"{{\"model\": \"tiny\", \"prompt\": \"the cat\", \"raw\": true, \"stream\": false, {Options}}}");
        Assert.True(raw.GetProperty("prompt_eval_count").GetInt32() < chat.GetProperty("prompt_eval_count").GetInt32());
    }

    [Fact]
    public async Task An_answer_follows_a_schema()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement answer = await server.AskAsync("/api/chat", """
            {"messages": [{"role": "user", "content": "go"}], "stream": false, "options": {"temperature": 1.5, "seed": 1},
             "format": {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"], "additionalProperties": false}}
            """);
        JsonElement json = JsonElement.Parse(answer.GetProperty("message").GetProperty("content").GetString()!);
        Assert.Contains(json.GetProperty("a").ValueKind, (JsonValueKind[])[JsonValueKind.True, JsonValueKind.False]);
    }

    [Fact]
    public async Task Models_are_told_opened_and_closed()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal("load", (await server.AskAsync("/api/generate", "{\"model\": \"tiny\", \"keep_alive\": \"1h\"}"))
            .GetProperty("done_reason").GetString());
        JsonElement open = (await server.GetAsync("/api/ps")).GetProperty("models")[0];
        Assert.Equal("tiny", open.GetProperty("name").GetString());
        Assert.True(open.GetProperty("expires_at").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(50));
        JsonElement tag = (await server.GetAsync("/api/tags")).GetProperty("models")[0];
        Assert.Equal("llama", tag.GetProperty("details").GetProperty("family").GetString());
        Assert.Equal(64, tag.GetProperty("digest").GetString()!.Length);
        Assert.True(tag.GetProperty("size").GetInt64() > 1000);
        JsonElement shown = await server.AskAsync("/api/show", "{\"model\": \"tiny\"}");
        Assert.Equal(256, shown.GetProperty("model_info").GetProperty("llama.context_length").GetInt32());
        Assert.Equal("completion", shown.GetProperty("capabilities")[0].GetString());
        Assert.NotEmpty((await server.GetAsync("/api/version")).GetProperty("version").GetString()!);
        Assert.Equal("unload", (await server.AskAsync("/api/chat", "{\"model\": \"tiny\", \"messages\": [], \"keep_alive\": 0}"))
            .GetProperty("done_reason").GetString());
        Assert.Equal(0, (await server.GetAsync("/api/ps")).GetProperty("models").GetArrayLength());
    }

    [Fact]
    public async Task Embeddings_are_those_of_the_other_endpoint()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement many = await server.AskAsync("/api/embed", "{\"model\": \"tiny\", \"input\": [\"the cat\", \"a song\"]}");
        JsonElement one = await server.AskAsync("/api/embeddings", "{\"model\": \"tiny\", \"prompt\": \"a song\"}");
        JsonElement other = await server.AskAsync("/v1/embeddings", "{\"input\": \"a song\"}");
        Assert.Equal(2, many.GetProperty("embeddings").GetArrayLength());
        Assert.Equal(one.GetProperty("embedding").GetRawText(), many.GetProperty("embeddings")[1].GetRawText());
        Assert.Equal(one.GetProperty("embedding").GetRawText(),
            other.GetProperty("data")[0].GetProperty("embedding").GetRawText());
    }

    [Theory]
    [InlineData("/api/generate", "{\"prompt\": \"x\", \"suffix\": \"y\"}", 400, "suffix")]
    [InlineData("/api/generate", "{\"prompt\": \"x\", \"options\": {\"tempratur\": 1}}", 400, "options.tempratur")]
    [InlineData("/api/generate", "{\"prompt\": \"x\", \"options\": {\"num_ctx\": 9999}}", 400, "9999")]
    [InlineData("/api/generate", "{\"prompt\": \"x\", \"think\": true}", 400, "does not think")]
    [InlineData("/api/chat", "{\"model\": \"nobody\", \"messages\": []}", 404, "nobody")]
    [InlineData("/api/chat", "{\"messages\": [{\"role\": \"user\", \"images\": [\"eA==\"]}]}", 400, "images")]
    [InlineData("/api/generate", "{\"prompt\": \"x\", \"keep_alive\": \"5 parsecs\"}", 400, "keep_alive")]
    [InlineData("/api/pull", "{\"model\": \"no/such/name\"}", 400, "no/such/name")]
    public async Task What_is_refused_is_told_by_its_name(string path, string body, int status, string part)
    {
        await using TestServer server = await TestServer.StartAsync(options => options.AllowsPulling = true);
        using HttpResponseMessage response = await server.PostAsync(path, body.Replace("\"x\",", "\"x\", \"stream\": false,",
            StringComparison.Ordinal)
            .Replace("\"no/such/name\"", "\"no/such/name\", \"stream\": false", StringComparison.Ordinal));
        JsonElement json = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(part, json.GetProperty("error").GetString());
    }

    private static async Task<JsonElement[]> LinesAsync(TestServer server, string path, string json)
    {
        using HttpResponseMessage response = await server.PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.MediaType);
        return [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }
}
