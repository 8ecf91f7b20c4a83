using System.Text.Json;

namespace Seriatim.Server.Tests;

public sealed class ChatTests
{
    private const string Chat = "/v1/chat/completions";

    private const string Hello = """{"messages": [{"role": "user", "content": "the cat"}], "max_tokens": 6, "seed": 3""";

    [Fact]
    public async Task A_chat_is_answered_whole_and_as_a_stream_with_the_same_text()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement whole = await server.AskAsync(Chat, Hello + "}");
        string text = whole.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        Assert.NotEmpty(text);
        List<string> events = await server.StreamAsync(Chat,
            Hello + """, "stream": true, "stream_options": {"include_usage": true}}""");
        Assert.Equal("[DONE]", events[^1]);
        JsonElement[] chunks = [.. events.SkipLast(1).Select(line => JsonElement.Parse(line))];
        string streamed = string.Concat(chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
            .Select(choice => choice.GetProperty("delta").TryGetProperty("content", out JsonElement content)
                ? content.GetString() : ""));
        Assert.Equal(text, streamed);
        Assert.Equal(whole.GetProperty("usage").GetProperty("completion_tokens").GetInt32(),
            chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(whole.GetProperty("system_fingerprint").GetString(),
            chunks[0].GetProperty("system_fingerprint").GetString());
    }

    [Fact]
    public async Task A_text_is_gone_on_with_whole_and_as_a_stream_with_the_same_text()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Body = """{"prompt": ["the cat", "a song"], "max_tokens": 6, "n": 2, "seed": 3""";
        JsonElement whole = await server.AskAsync("/v1/completions", Body + "}");
        string[] texts =
            [.. whole.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()!)];
        Assert.Equal(4, texts.Length);
        List<string> events = await server.StreamAsync("/v1/completions", Body + """, "stream": true}""");
        var streamed = new string[4];
        foreach (JsonElement choice in events.SkipLast(1).Select(line => JsonElement.Parse(line).GetProperty("choices")[0]))
            streamed[choice.GetProperty("index").GetInt32()] += choice.GetProperty("text").GetString();
        Assert.Equal(texts, streamed);
    }
}
