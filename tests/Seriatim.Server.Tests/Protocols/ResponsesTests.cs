using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>Responses: kept, gone on from, made in the background, streamed again from any event.</summary>
public sealed class ResponsesTests
{
    private const string Path = "/v1/responses";
    private const string Hello = """{"input": "the cat", "max_output_tokens": 6, "seed": 3""";

    [Fact]
    public async Task A_response_comes_whole_and_as_numbered_events_with_the_same_text()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement whole = await server.AskAsync(Path, Hello + "}");
        Assert.Equal(("response", "incomplete", "max_output_tokens"), (whole.GetProperty("object").GetString(),
            whole.GetProperty("status").GetString(), whole.GetProperty("incomplete_details").GetProperty("reason").GetString()));
        string text = TextOf(whole);
        JsonElement[] events = [
            .. (await server.StreamAsync(Path, Hello + ", \"stream\": true}")).Select(line => JsonElement.Parse(line))];
        Assert.Equal(Enumerable.Range(0, events.Length), events.Select(one => one.GetProperty("sequence_number").GetInt32()));
        string[] types = [.. events.Select(one => one.GetProperty("type").GetString()!)];
        Assert.Equal(["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"],
            types[..4]);
        Assert.Equal(["response.output_text.done", "response.content_part.done", "response.output_item.done",
            "response.incomplete"], types[^4..]);
        Assert.Equal(text, string.Concat(events.Where(one => one.GetProperty("type").GetString() == "response.output_text.delta")
            .Select(one => one.GetProperty("delta").GetString())));
        Assert.Equal(text, TextOf(events[^1].GetProperty("response")));
        Assert.Equal(6, whole.GetProperty("usage").GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task One_is_gone_on_from_got_and_forgotten()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement first = await server.AskAsync(Path, Hello + ", \"instructions\": \"sing\"}");
        string id = first.GetProperty("id").GetString()!;
        JsonElement second = await server.AskAsync(Path,
            $"{{\"input\": \"and\", \"previous_response_id\": \"{id}\", \"max_output_tokens\": 6, \"seed\": 4}}");
        string messages = JsonSerializer.Serialize(new object[]
        {
            new { role = "user", content = "the cat" }, new { role = "assistant", content = TextOf(first) },
            new { role = "user", content = "and" },
        });
        JsonElement chat = await server.AskAsync("/v1/chat/completions",
            $"{{\"messages\": {messages}, \"max_tokens\": 6, \"seed\": 4}}");
        Assert.Equal(chat.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), TextOf(second));
        Assert.Equal(first.GetRawText(), (await server.GetAsync($"{Path}/{id}")).GetRawText());
        Assert.Equal(System.Net.HttpStatusCode.OK, (await server.Client.DeleteAsync($"{Path}/{id}")).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await server.Client.GetAsync($"{Path}/{id}")).StatusCode);
        await server.FailAsync(Path, $"{{\"input\": \"and\", \"previous_response_id\": \"{id}\"}}", 404, "response_not_found");
        string kept = (await server.AskAsync(Path, Hello + ", \"store\": false}")).GetProperty("id").GetString()!;
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await server.Client.GetAsync($"{Path}/{kept}")).StatusCode);
    }

    [Fact]
    public async Task One_in_the_background_ends_by_itself_and_its_stream_is_taken_up_anywhere()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement begun = await server.AskAsync(Path, Hello + ", \"background\": true}");
        string id = begun.GetProperty("id").GetString()!;
        Assert.Contains(begun.GetProperty("status").GetString(), (string[])["queued", "in_progress", "incomplete"]);
        List<string> all = await EventsAsync(server, $"{Path}/{id}?stream=true");
        Assert.Equal("response.incomplete", JsonElement.Parse(all[^1]).GetProperty("type").GetString());
        for (int after = 0; after < all.Count; after++)
            Assert.Equal(all[(after + 1)..], await EventsAsync(server, $"{Path}/{id}?stream=true&starting_after={after}"));
        Assert.Equal("incomplete", (await server.GetAsync($"{Path}/{id}")).GetProperty("status").GetString());
        JsonElement longer = await server.AskAsync(Path,
            """{"input": "the cat", "max_output_tokens": 200, "ignore_eos": true, "background": true}""");
        string other = longer.GetProperty("id").GetString()!;
        using HttpResponseMessage cancelled = await server.PostAsync($"{Path}/{other}/cancel", "");
        Assert.Contains(JsonElement.Parse(await cancelled.Content.ReadAsStringAsync()).GetProperty("status").GetString(),
            (string[])["cancelled", "incomplete"]);
    }

    [Fact]
    public async Task A_function_is_called_and_its_output_read()
    {
        await using TestServer server = await TestServer.StartAsync(template: TinyModels.ToolTemplate);
        const string Tools = """
            "tools": [{"type": "function", "name": "dice", "strict": true, "parameters": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1,
            "maximum": 6}}, "required": ["n"], "additionalProperties": false}}], "tool_choice": "required", "parallel_tool_calls": false
            """;
        JsonElement[] events =
            [.. (await server.StreamAsync(Path,
                $"{{\"input\": \"roll\", \"seed\": 1, \"max_output_tokens\": 90, \"stream\": true, {Tools}}}"))
                .Select(line => JsonElement.Parse(line))];
        JsonElement response = events[^1].GetProperty("response");
        JsonElement call = response.GetProperty("output")[0];
        Assert.Equal(("function_call", "dice", "completed"),
            (call.GetProperty("type").GetString(), call.GetProperty("name").GetString(),
                call.GetProperty("status").GetString()));
        Assert.InRange(JsonElement.Parse(call.GetProperty("arguments").GetString()!).GetProperty("n").GetInt32(), 1, 6);
        Assert.Equal(call.GetProperty("arguments").GetString(), string.Concat(
            events.Where(one => one.GetProperty("type").GetString() == "response.function_call_arguments.delta")
                .Select(one => one.GetProperty("delta").GetString())));
        JsonElement next = await server.AskAsync(Path, $$"""
            {"previous_response_id": {{response.GetProperty("id").GetRawText()}}, "max_output_tokens": 4,
             "input": [{"type": "function_call_output", "call_id": {{call.GetProperty("call_id").GetRawText()}}, "output": "7"}]}
            """);
        Assert.Equal("message", next.GetProperty("output")[0].GetProperty("type").GetString());
    }

    [Fact]
    public async Task The_oldest_are_forgotten()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.RememberedResponses = 2);
        var ids = new List<string>();
        for (int i = 0; i < 3; i++)
            ids.Add((await server.AskAsync(Path, Hello + "}")).GetProperty("id").GetString()!);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await server.Client.GetAsync($"{Path}/{ids[0]}")).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await server.Client.GetAsync($"{Path}/{ids[2]}")).StatusCode);
    }

    private static string TextOf(JsonElement response) => string.Concat(response.GetProperty("output").EnumerateArray()
        .Where(item => item.GetProperty("type").GetString() == "message")
        .Select(item => item.GetProperty("content")[0].GetProperty("text").GetString()));

    private static async Task<List<string>> EventsAsync(TestServer server, string path) =>
        [.. (await server.Client.GetStringAsync(path)).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(one => one.Split("data: ")[1])];
}
