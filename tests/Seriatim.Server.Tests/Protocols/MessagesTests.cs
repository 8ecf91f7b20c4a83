using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>Anthropic's API: blocks, events, tools, counts.</summary>
public sealed class MessagesTests
{
    private const string Path = "/v1/messages";
    private const string Hello = """{"messages": [{"role": "user", "content": "the cat"}], "max_tokens": 6, "seed": 3""";
    private const string Tools = """
        "tools": [{"name": "dice", "input_schema": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 6}}, "required": ["n"],
        "additionalProperties": false}}], "tool_choice": {"type": "any", "disable_parallel_tool_use": true}
        """;

    [Fact]
    public async Task A_message_is_answered_whole_and_as_events_with_the_same_text()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement whole = await server.AskAsync(Path, Hello + "}");
        Assert.Equal(("message", "max_tokens"),
            (whole.GetProperty("type").GetString(), whole.GetProperty("stop_reason").GetString()));
        string text = whole.GetProperty("content")[0].GetProperty("text").GetString()!;
        JsonElement[] events = [
            .. (await server.StreamAsync(Path, Hello + ", \"stream\": true}")).Select(line => JsonElement.Parse(line))];
        string[] types = [.. events.Select(one => one.GetProperty("type").GetString()!)];
        Assert.Equal(["message_start", "ping", "content_block_start", "content_block_delta"], types[..4]);
        Assert.Equal(["content_block_stop", "message_delta", "message_stop"], types[^3..]);
        Assert.Equal(text, string.Concat(events.Where(one => one.GetProperty("type").GetString() == "content_block_delta")
            .Select(one => one.GetProperty("delta").GetProperty("text").GetString())));
        Assert.Equal(6, events[^2].GetProperty("usage").GetProperty("output_tokens").GetInt32());
        JsonElement count = await server.AskAsync(Path + "/count_tokens",
            """{"messages": [{"role": "user", "content": [{"type": "text", "text": "the cat"}]}]}""");
        JsonElement usage = whole.GetProperty("usage");
        Assert.Equal(usage.GetProperty("input_tokens").GetInt32() + usage.GetProperty("cache_read_input_tokens").GetInt32(),
            count.GetProperty("input_tokens").GetInt32());
    }

    [Fact]
    public async Task The_text_that_stops_an_answer_is_told()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Long = """{"messages": [{"role": "user", "content": "the cat"}], "max_tokens": 20, "seed": 3""";
        string text = (await server.AskAsync(Path, Long + "}")).GetProperty("content")[0].GetProperty("text").GetString()!;
        string stop = JsonSerializer.Serialize(text.Substring(4, 3));
        JsonElement stopped = await server.AskAsync(Path, $"{Long}, \"stop_sequences\": [\"never there\", {stop}]}}");
        Assert.Equal("stop_sequence", stopped.GetProperty("stop_reason").GetString());
        Assert.Equal(text.Substring(4, 3), stopped.GetProperty("stop_sequence").GetString());
    }

    [Fact]
    public async Task A_tool_that_must_be_used_is_used_and_its_result_read()
    {
        await using TestServer server = await TestServer.StartAsync(template: TinyModels.ToolTemplate);
        string body = Hello.Replace("\"max_tokens\": 6", "\"max_tokens\": 90", StringComparison.Ordinal);
        JsonElement whole = await server.AskAsync(Path, $"{body}, {Tools}}}");
        JsonElement use = whole.GetProperty("content")[0];
        Assert.Equal(("tool_use", "dice", "tool_use"), (use.GetProperty("type").GetString(), use.GetProperty("name").GetString(),
            whole.GetProperty("stop_reason").GetString()));
        int number = use.GetProperty("input").GetProperty("n").GetInt32();
        Assert.InRange(number, 1, 6);
        JsonElement[] events = [
            .. (await server.StreamAsync(Path, $"{body}, {Tools}, \"stream\": true}}")).Select(line => JsonElement.Parse(line))];
        string input = string.Concat(events.Where(one => one.GetProperty("type").GetString() == "content_block_delta")
            .Select(one => one.GetProperty("delta").GetProperty("partial_json").GetString()));
        Assert.Equal(number, JsonElement.Parse(input).GetProperty("n").GetInt32());
        string more = $$"""
            {"max_tokens": 4, "messages": [{"role": "user", "content": "roll"}, {"role": "assistant", "content": [{{use.GetRawText()}}]},
             {"role": "user", "content": [{"type": "tool_result", "tool_use_id": {{use.GetProperty("id").GetRawText()}}, "content": [{"type": "text", "text": "7"}]}]}]}
            """;
        Assert.Equal("text", (await server.AskAsync(Path, more)).GetProperty("content")[0].GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}]}""", "max_tokens")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image"}]}], "max_tokens": 1}""", "image")]
    [InlineData(
        """{"messages": [{"role": "user", "content": "x"}], "max_tokens": 1, "thinking": {"type": "enabled", "budget_tokens": 1024}}""",
        "think")]
    [InlineData("""{"messages": [{"role": "user", "content": "x"}], "max_tokens": 1, "mcp_servers": [{}]}""", "mcp_servers")]
    public async Task Errors_are_in_the_protocols_own_form(string body, string part)
    {
        await using TestServer server = await TestServer.StartAsync();
        using HttpResponseMessage response = await server.PostAsync(Path, body);
        JsonElement json = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal(("error", "invalid_request_error"),
            (json.GetProperty("type").GetString(), json.GetProperty("error").GetProperty("type").GetString()));
        Assert.Contains(part, json.GetProperty("error").GetProperty("message").GetString());
    }
}
