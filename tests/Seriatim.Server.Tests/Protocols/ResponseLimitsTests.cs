using System.Net;
using System.Text;
using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>What responses may hold, and how they are written.</summary>
public sealed class ResponseLimitsTests
{
    private const string Path = "/v1/responses";

    [Fact]
    public async Task Notes_of_the_client_are_as_many_and_as_long_as_at_OpenAI()
    {
        await using TestServer server = await TestServer.StartAsync();
        string Body(Dictionary<string, object> notes) =>
            JsonSerializer.Serialize(new { input = "the cat", max_output_tokens = 1, metadata = notes });
        await server.AskAsync(Path, Body(new() { [new string('k', 64)] = new string('v', 512) }));
        await server.AskAsync(Path, Body(Enumerable.Range(0, 16).ToDictionary(i => $"k{i}", _ => (object)"v")));
        await server.FailAsync(Path, Body(Enumerable.Range(0, 17).ToDictionary(i => $"k{i}", _ => (object)"v")), 400,
            "invalid_value", "metadata");
        await server.FailAsync(Path, Body(new() { ["k"] = new string('v', 513) }), 400, "invalid_value", "metadata.k");
        await server.FailAsync(Path, Body(new() { [new string('k', 65)] = "v" }), 400, "invalid_value", "metadata....");
        await server.FailAsync(Path, Body(new() { ["k"] = 7 }), 400, "invalid_value", "metadata.k");
    }

    [Fact]
    public async Task They_hold_no_more_memory_than_they_may()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.RememberedResponseBytes = 60_000);
        var ids = new List<string>();
        for (int i = 0; i < 6; i++)
        {
            string body = JsonSerializer.Serialize(new
            {
                input = "the cat",
                max_output_tokens = 1,
                text = new { format = new { type = "json_schema", schema = new { description = new string('x', 20_000) } } },
            });
            ids.Add((await server.AskAsync(Path, body)).GetProperty("id").GetString()!);
        }

        Assert.InRange(server.Core.Responses.Bytes, 20_000, 60_000);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync($"{Path}/{ids[0]}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync($"{Path}/{ids[^1]}")).StatusCode);
    }

    [Fact]
    public async Task One_that_was_asked_for_whole_keeps_no_events()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement whole = await server.AskAsync(Path, """{"input": "the cat", "max_output_tokens": 2}""");
        using HttpResponseMessage events =
            await server.Client.GetAsync($"{Path}/{whole.GetProperty("id").GetString()}?stream=true");
        Assert.Equal(HttpStatusCode.BadRequest, events.StatusCode);
        Assert.Contains("has no events", await events.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Every_event_is_in_one_line_however_the_request_was_written()
    {
        await using TestServer server = await TestServer.StartAsync(template: TinyModels.ToolTemplate);
        using HttpResponseMessage response = await server.PostAsync(Path, """
            {
              "input": "the cat", "max_output_tokens": 2, "stream": true,
              "metadata": {
                "run":
                  "7"
              },
              "tools": [
                {
                  "type": "function",
                  "name": "f",
                  "parameters": {
                    "type": "object"
                  }
                }
              ]
            }
            """);
        string body = await response.Content.ReadAsStringAsync();
        Assert.Contains("\"run\"", body);
        Assert.All(body.Split('\n'), line => Assert.True(line.Length == 0
            || line.StartsWith("data: ", StringComparison.Ordinal)
            || line.StartsWith("event: ", StringComparison.Ordinal), line));

        // Arguments as a model may write them.
        using var call = new ApiCall(new Microsoft.AspNetCore.Http.DefaultHttpContext(), server.Core, new OllamaChatEndpoint());
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, JsonOutput.Options))
        {
            new OllamaOutput(call, "tiny", isChat: true).WritePiece(json, "", "",
                [new AnsweredCall("1", "f", "{\n  \"a\": [\n    1\n  ]\n}")]);
        }

        Assert.DoesNotContain('\n', Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Theory]
    [InlineData("""{"type": "json_schema", "schema": {"type": "nonsense"}}""", "text.format.schema", "unsupported_keyword")]
    [InlineData("""{"type": "json_schema", "schema": {"not": {}}}""", "text.format.schema", "invalid_grammar")]
    [InlineData("""{"type": "text", "schema": {"type": "object"}}""", "text.format.schema", "invalid_value")]
    [InlineData("""{"type": "json_schema"}""", "text.format.schema", "missing_field")]
    public async Task A_format_that_cannot_be_enforced_is_told_as_by_other_protocols(string format, string param, string code)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.FailAsync(Path, $$$"""{"input": "x", "text": {"format": {{{format}}}}}""", 400, code, param);
    }
}
