using System.Text.Json;

namespace Seriatim.Server.Tests;

/// <summary>Ids of tokens beside their texts: who goes on from a token needs its id.</summary>
public sealed class TokenIdTests
{
    private const string Completion =
        """{"prompt": "the cat", "max_tokens": 4, "temperature": 0, "logprobs": 3, "return_token_ids": true""";

    [Fact]
    public async Task A_stream_of_completions_tells_the_ids_that_the_whole_answer_tells()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement whole = (await server.AskAsync("/v1/completions", Completion + "}")).GetProperty("choices")[0];
        JsonElement[] chunks = [.. (await server.StreamAsync("/v1/completions", Completion + """, "stream": true}"""))
            .Where(chunk => chunk != "[DONE]").Select(chunk => JsonElement.Parse(chunk).GetProperty("choices")[0])];
        Assert.Equal(Ids(whole, "prompt_token_ids"), Ids(chunks[0], "prompt_token_ids"));
        Assert.All(chunks.Skip(1), chunk => Assert.False(chunk.TryGetProperty("prompt_token_ids", out _)));
        Assert.Equal(Ids(whole, "token_ids"), chunks.SelectMany(chunk => Ids(chunk, "token_ids")));
    }

    [Fact]
    public async Task Alternatives_have_ids_in_the_order_of_their_probability()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement whole = (await server.AskAsync("/v1/completions", Completion + "}")).GetProperty("choices")[0];
        JsonElement tops = whole.GetProperty("logprobs").GetProperty("top_tokens");
        int[] ids = Ids(whole, "token_ids");
        Assert.Equal(ids.Length, tops.GetArrayLength());
        for (int i = 0; i < ids.Length; i++)
        {
            JsonElement[] top = [.. tops[i].EnumerateArray()];
            Assert.Equal(3, top.Length);
            Assert.Equal(ids[i], top[0].GetProperty("id").GetInt32()); // Temperature 0 takes the first.
            double[] logprobs = [.. top.Select(token => token.GetProperty("logprob").GetDouble())];
            Assert.Equal(logprobs.OrderDescending(), logprobs);
        }

        JsonElement plain = (await server.AskAsync("/v1/completions",
            """{"prompt": "the cat", "max_tokens": 1, "logprobs": 1}"""))
            .GetProperty("choices")[0];
        Assert.False(plain.GetProperty("logprobs").TryGetProperty("top_tokens", out _));
    }

    [Fact]
    public async Task Log_probabilities_of_chats_have_ids_where_ids_are_asked_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Chat =
            """{"messages": [{"role": "user", "content": "the cat"}], "max_tokens": 3, "logprobs": true, "top_logprobs": 2""";
        JsonElement choice = (await server.AskAsync("/v1/chat/completions", Chat + """, "return_token_ids": true}"""))
            .GetProperty("choices")[0];
        JsonElement[] tokens = [.. choice.GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.Equal(Ids(choice, "token_ids"), tokens.Select(token => token.GetProperty("id").GetInt32()));
        Assert.All(tokens, token => Assert.All(token.GetProperty("top_logprobs").EnumerateArray(),
            other => Assert.True(other.GetProperty("id").GetInt32() >= 0)));
        JsonElement plain = (await server.AskAsync("/v1/chat/completions", Chat + "}")).GetProperty("choices")[0];
        Assert.False(plain.GetProperty("logprobs").GetProperty("content")[0].TryGetProperty("id", out _));
    }

    private static int[] Ids(JsonElement choice, string name) =>
        [.. choice.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
