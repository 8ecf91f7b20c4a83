using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>
/// Answers that have to look like something, and calls of tools; the model's weights are random, so nothing comes by itself.
/// </summary>
public sealed class StructuredTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Hello = """
        {"messages": [{"role": "user", "content": "the cat"}], "max_tokens": 60, "seed": 3, "temperature": 1.5
        """;
    private const string Tools = """
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object",
        "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": false}}}]
        """;

    [Fact]
    public async Task An_answer_follows_the_form_that_was_asked_for()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement json = JsonElement.Parse(await Content(server, """
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object",
            "properties": {"a": {"enum": [1, 2]}}, "required": ["a"], "additionalProperties": false}}}
            """));
        Assert.InRange(json.GetProperty("a").GetInt32(), 1, 2);
        Assert.Matches("^[0-9]{3}$", await Content(server, "\"guided_regex\": \"[0-9]{3}\""));
        Assert.Contains(await Content(server, "\"structured_outputs\": {\"choice\": [\"yes\", \"no\"]}"),
            (string[])["yes", "no"]);
        Assert.Matches("^[ab]{2}$", await Content(server, "\"grammar\": \"root ::= [ab] [ab]\""));
    }

    /// <summary>The form is that of what is said: what a model thinks before it is free, and longer than this answer may be.
    /// </summary>
    [Fact]
    public async Task A_model_that_reasons_does_not_think_in_the_form()
    {
        string template = "{# </think> #}"
            + TinyModels.ChatTemplate.Replace("assistant\n", "assistant\n<think>\n", StringComparison.Ordinal);
        await using TestServer server = await TestServer.StartAsync(template: template);
        JsonElement choice = (await server.AskAsync(Chat, $"{Hello}, \"guided_choice\": [\"yes\", \"no\"]}}")).GetProperty(
            "choices")[0];
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
        Assert.True(choice.GetProperty("message").GetProperty("reasoning_content").GetString()!.Length > 3);
    }

    [Fact]
    public async Task A_form_that_cannot_be_enforced_is_refused_by_name()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.FailAsync(Chat, Hello + ", \"guided_regex\": \"(\"}", 400, "invalid_grammar", "guided_regex");
        await server.FailAsync(Chat, Hello + ", \"grammar\": \"root ::= root\"}", 400, "invalid_grammar", "grammar");
        await server.FailAsync(Chat, Hello + ", \"grammar\": \"root ::= [a]\", \"guided_choice\": [\"x\"]}", 400,
            "invalid_value");
        await server.FailAsync(Chat, Hello + """, "response_format": {"type": "json_schema"}}""", 400, "missing_field",
            "response_format.json_schema");
        await server.FailAsync(Chat,
            Hello + """, "json_schema": {"type": "array", "uniqueItems": true, "items": {"type": "object"}}}""", 400,
            "unsupported_keyword", "json_schema");
    }

    /// <summary>Little text can ask for much work; it is refused by its field before a token is made, and costs no more than a
    /// moment.</summary>
    [Theory]
    [InlineData("guided_regex", "\"((((a{1,900}){1,900}){1,900}){1,900}){1,900}\"")]
    [InlineData("grammar", "\"root ::= a{1000000} \\na ::= b{1000000} \\nb ::= [a-z]{1000000}\"")]
    [InlineData("json_schema", "{\"type\": \"string\", \"pattern\": \"^(a|b)*a(a|b){40}$\"}")]
    [InlineData("json_schema", "{\"type\": \"array\", \"minItems\": 2000000000, \"items\": {\"type\": \"integer\"}}")]
    public async Task A_form_that_would_take_too_much_work_is_refused_by_its_field(string field, string value)
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.AskAsync("/v1/completions", "{\"prompt\": \"x\", \"max_tokens\": 1}");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await server.PostAsync(Chat, $"{Hello}, \"{field}\": {value}}}");
        string body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode is 200 or 400, body);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60));
        if (!response.IsSuccessStatusCode)
        {
            JsonElement error = JsonElement.Parse(body).GetProperty("error");
            Assert.Equal(field, error.GetProperty("param").GetString());
            Assert.Contains(error.GetProperty("code").GetString(), (string[])["invalid_grammar", "unsupported_keyword"]);
        }

        await server.AskAsync("/v1/completions", "{\"prompt\": \"x\", \"max_tokens\": 1}");
    }

    [Fact]
    public async Task A_form_larger_than_a_body_may_be_is_refused_with_413()
    {
        await using TestServer server = await TestServer.StartAsync(options => options.MaxBodyBytes = 1 << 20);
        string large = new('a', 2 << 20);
        await server.FailAsync(Chat, $"{Hello}, \"guided_regex\": \"{large}\"}}", 413, "body_too_large");
    }

    [Theory]
    [InlineData("\"tool_choice\": \"required\"")]
    [InlineData("\"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"look\"}}")]
    public async Task A_call_that_is_asked_for_comes_whole_and_as_a_stream(string choice)
    {
        await using TestServer server = await TestServer.StartAsync(template: TinyModels.ToolTemplate);
        JsonElement answer = (await server.AskAsync(Chat, $"{Hello}, {Tools}, {choice}}}")).GetProperty("choices")[0];
        Assert.Equal("tool_calls", answer.GetProperty("finish_reason").GetString());
        JsonElement call = answer.GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function");
        Assert.Equal("look", call.GetProperty("name").GetString());
        JsonElement arguments = JsonElement.Parse(call.GetProperty("arguments").GetString()!);
        Assert.InRange(arguments.GetProperty("n").GetInt32(), 1, 2);
        List<string> events = await server.StreamAsync(Chat, $"{Hello}, {Tools}, {choice}, \"stream\": true}}");
        string streamed =
            string.Concat(events.SkipLast(1).SelectMany(line => JsonElement.Parse(line).GetProperty("choices").EnumerateArray())
            .Where(one => one.GetProperty("delta").TryGetProperty("tool_calls", out _))
            .Where(one => one.GetProperty("delta").GetProperty("tool_calls")[0].GetProperty("index").GetInt32() == 0)
            .Select(one =>
                one.GetProperty("delta").GetProperty("tool_calls")[0].GetProperty("function").GetProperty(
                    "arguments").GetString()));
        Assert.Equal(call.GetProperty("arguments").GetString(), streamed);
    }

    /// <summary>The form is that of what is said; a call is as its tool has it.</summary>
    [Fact]
    public async Task A_form_beside_tools_is_kept_to_where_none_is_called()
    {
        await using TestServer server = await TestServer.StartAsync(template: TinyModels.ToolTemplate);
        const string Form = "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"a\", \"schema\": "
            + "{\"type\": \"object\", \"properties\": {\"a\": {\"enum\": [1, 2]}}, \"required\": [\"a\"], "
            + "\"additionalProperties\": false}}}";
        int said = 0, called = 0;
        for (int seed = 0; seed < 12; seed++)
        {
            JsonElement answer = (await server.AskAsync(Chat, $$"""
                {"messages": [{"role": "user", "content": "the cat"}], "max_tokens": 120, "temperature": 1.5, "seed": {{seed}},
                {{Tools}}, {{Form}} }
                """)).GetProperty("choices")[0];
            JsonElement message = answer.GetProperty("message");
            if (message.TryGetProperty("tool_calls", out JsonElement calls))
            {
                called++;
                Assert.Equal("look", calls[0].GetProperty("function").GetProperty("name").GetString());
            }
            else if (answer.GetProperty("finish_reason").GetString() == "stop")
            {
                said++;
                JsonElement json = JsonElement.Parse(message.GetProperty("content").GetString()!);
                Assert.InRange(json.GetProperty("a").GetInt32(), 1, 2);
            }
        }

        Assert.True(said > 0 && called > 0, $"{said} said, {called} called");
    }

    /// <summary>Line ends between the parts of what a client has sent must not cut an event in two.</summary>
    [Fact]
    public async Task An_event_is_one_line_whatever_the_client_has_written()
    {
        await using TestServer server = await TestServer.StartAsync(template: TinyModels.ToolTemplate);
        const string Body = "{\"input\": \"the cat\", \"max_output_tokens\": 4, \"seed\": 1, \"stream\": true, \"tools\": [{\n"
            + "\"type\": \"function\",\r\n\"name\": \"look\",\n\"parameters\": {\n\"type\": \"object\"}}]}";
        List<string> events = await server.StreamAsync("/v1/responses", Body);
        Assert.NotEmpty(events);
        Assert.All(events, line => JsonElement.Parse(line));
    }

    [Fact]
    public async Task Tools_that_the_template_does_not_show_are_refused()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.FailAsync(Chat, $"{Hello}, {Tools}}}", 400, "unsupported_value", "tools");
        await server.FailAsync(Chat, Hello + ", \"tool_choice\": \"required\"}", 400, "missing_field", "tool_choice");
        await server.FailAsync(Chat,
            """{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}""", 400,
            "unsupported_value", "messages[0].content[0].type");
        await server.FailAsync(Chat, """{"messages": []}""", 400, "invalid_value", "messages");
        await server.FailAsync(Chat, """{"messages": [{"role": "user"}]}""", 400, "missing_field", "messages[0].content");
        await server.FailAsync(Chat, """{"messages": [{"role": "king", "content": "x"}]}""", 400, "invalid_value",
            "messages[0].role");
    }

    private static async Task<string> Content(TestServer server, string field) =>
        (await server.AskAsync(Chat, $"{Hello}, {field}}}"))
        .GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
}
