using System.Text.Json;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>
/// What answers tell beside their text, whole and as a stream: reasoning, calls that are none, log-probabilities.
/// </summary>
public sealed class AnswerTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Completions = "/v1/completions";
    private const string Say = "\"messages\": [{\"role\": \"user\", \"content\": \"the cat\"}], \"seed\": 3, \"temperature\": 1";

    [Fact]
    public async Task Tokens_that_are_thought_are_counted_whole_and_as_a_stream()
    {
        string template = "{# </think> #}"
            + TinyModels.ChatTemplate.Replace("assistant\n", "assistant\n<think>\n", StringComparison.Ordinal);
        await using MarkedModel model = await MarkedModel.StartAsync(template, "<think>", "</think>");
        string asked = $"{Say}, \"ignore_eos\": true, \"logit_bias\": {{\"{model.IdOf("</think>")}\": 2}}";
        JsonElement whole = await model.Server.AskAsync(Chat, $"{{{asked}, \"max_tokens\": 40, \"return_token_ids\": true}}");
        JsonElement choice = whole.GetProperty("choices")[0];
        int closed = choice.GetProperty("token_ids").EnumerateArray().ToList()
            .FindIndex(id => id.GetInt32() == model.IdOf("</think>"));
        Assert.InRange(closed, 1, 38);
        int counted = Reasoning(whole);
        Assert.Equal(closed + 1, counted);
        Assert.True(choice.GetProperty("message").GetProperty("content").GetString()!.Length > 0);
        List<string> events = await model.Server.StreamAsync(Chat,
            $"{{{asked}, \"max_tokens\": 40, \"stream\": true, \"stream_options\": {{\"include_usage\": true}}}}");
        Assert.Equal(counted, Reasoning(JsonElement.Parse(events[^2])));
        JsonElement response = await model.Server.AskAsync("/v1/responses", $$"""
            {"input": "the cat", "seed": 3, "temperature": 1, "ignore_eos": true, "max_output_tokens": 40,
            "logit_bias": {"{{model.IdOf("</think>")}}": 2} }
            """);
        Assert.Equal(counted, response.GetProperty("usage").GetProperty("output_tokens_details").GetProperty("reasoning_tokens")
            .GetInt32());
    }

    [Fact]
    public async Task A_call_that_cannot_be_read_is_told_whole_and_as_a_stream()
    {
        await using MarkedModel model = await MarkedModel.StartAsync(TinyModels.ToolTemplate, "<tool_call>", "</tool_call>");
        string asked = $$"""
            {{Say}}, "tools": [{"type": "function", "function": {"name": "look"} }], "max_tokens": 6, "ignore_eos": true,
            "logit_bias": {"{{model.IdOf("<tool_call>")}}": 60, "{{model.IdOf("</tool_call>")}}": 60 }
            """;
        JsonElement choice = (await model.Server.AskAsync(Chat, $"{{{asked}}}")).GetProperty("choices")[0];
        string[] whole = [.. Malformed(choice.GetProperty("message"))];
        Assert.NotEmpty(whole);
        Assert.False(choice.GetProperty("message").TryGetProperty("tool_calls", out _));
        List<string> events = await model.Server.StreamAsync(Chat, $"{{{asked}, \"stream\": true}}");
        string[] streamed = [.. events.SkipLast(1).Select(line => JsonElement.Parse(line).GetProperty("choices")[0])
            .SelectMany(one => Malformed(one.GetProperty("delta")))];
        Assert.Equal(whole, streamed);
        Assert.Equal(choice.GetProperty("finish_reason").GetString(),
            JsonElement.Parse(events[^2]).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task The_end_of_a_turn_is_an_end_that_can_be_ignored()
    {
        await using MarkedModel model = await MarkedModel.StartAsync(TinyModels.ChatTemplate);
        string asked = $"{Say}, \"max_tokens\": 12, \"logit_bias\": {{\"{model.IdOf("<|im_end|>")}\": 60}}";
        Assert.Equal(1, Written(await model.Server.AskAsync(Chat, $"{{{asked}}}")));
        JsonElement on = await model.Server.AskAsync(Chat, $"{{{asked}, \"ignore_eos\": true}}");
        Assert.Equal("length", on.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(12, Written(on));
        await model.Server.AskAsync(Completions, """{"prompt": "the cat", "max_tokens": 3, "ignore_eos": true}""");
    }

    [Fact]
    public async Task Prompts_have_log_probabilities_of_their_own()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement echo = (await server.AskAsync(Completions, """
            {"prompt": "the cat sat", "max_tokens": 2, "seed": 1, "echo": true, "logprobs": 1, "prompt_logprobs": 3,
            "return_token_ids": true}
            """)).GetProperty("choices")[0];
        JsonElement[] told = [.. echo.GetProperty("prompt_logprobs").EnumerateArray()];
        int[] ids = [.. echo.GetProperty("prompt_token_ids").EnumerateArray().Select(id => id.GetInt32())];
        JsonElement[] echoed = [.. echo.GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray()];
        Assert.Equal(ids.Length, told.Length);
        Assert.Equal(JsonValueKind.Null, told[0].ValueKind);
        for (int i = 1; i < told.Length; i++)
        {
            JsonElement own = told[i].GetProperty($"{ids[i]}");
            Assert.Equal(echoed[i].GetDouble(), own.GetProperty("logprob").GetDouble());
            Assert.InRange(told[i].EnumerateObject().Count(), 3, 4);
            Assert.Single(told[i].EnumerateObject(), one => one.Value.GetProperty("rank").GetInt32() == 1);
        }

        Assert.All(echo.GetProperty("logprobs").GetProperty("top_logprobs").EnumerateArray().Skip(1),
            top => Assert.Single(top.EnumerateObject()));
        JsonElement chat = await server.AskAsync(Chat, $"{{{Say}, \"max_tokens\": 2, \"prompt_logprobs\": 0}}");
        Assert.Equal(chat.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(),
            chat.GetProperty("prompt_logprobs").GetArrayLength());
        await server.FailAsync(Chat, $"{{{Say}, \"prompt_logprobs\": 0, \"stream\": true}}", 400, "invalid_value",
            "prompt_logprobs");
        await server.FailAsync(Completions, """{"prompt": "x", "prompt_logprobs": 0, "stream": true}""", 400, "invalid_value",
            "prompt_logprobs");
    }

    [Fact]
    public async Task A_prompt_of_ids_that_are_none_is_refused_by_its_name()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.FailAsync(Completions, """{"prompt": [5, -7]}""", 400, "invalid_value", "prompt");
    }

    [Fact]
    public async Task Responses_and_ollamas_answers_have_log_probabilities()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement chat = await server.AskAsync(Chat,
            $"{{{Say}, \"max_tokens\": 5, \"ignore_eos\": true, \"logprobs\": true, \"top_logprobs\": 2}}");
        string expected = Numbers(chat.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content"));
        const string Asked = """
            {"input": "the cat", "seed": 3, "temperature": 1, "ignore_eos": true, "max_output_tokens": 5, "top_logprobs": 2,
            "include": ["message.output_text.logprobs"]
            """;
        JsonElement response = await server.AskAsync("/v1/responses", $"{Asked}}}");
        Assert.Equal(expected, Numbers(Part(response).GetProperty("logprobs")));
        List<string> events = await server.StreamAsync("/v1/responses", $"{Asked}, \"stream\": true}}");
        Assert.Equal(expected, Numbers(Part(JsonElement.Parse(events[^1]).GetProperty("response")).GetProperty("logprobs")));
        Assert.Contains(events, line => line.Contains("response.output_text.delta", StringComparison.Ordinal)
            && JsonElement.Parse(line).GetProperty("logprobs").GetArrayLength() > 0);
        await server.FailAsync("/v1/responses", """{"input": "x", "top_logprobs": 2}""", 400, "missing_field", "top_logprobs");
        await server.FailAsync("/v1/responses", """{"input": "x", "include": ["file_search_call.results"]}""", 400,
            "unsupported_value", "include[0]");

        const string Ollama = """
            {"messages": [{"role": "user", "content": "the cat"}], "logprobs": true, "top_logprobs": 2,
            "options": {"seed": 3, "temperature": 1, "num_predict": 5}
            """;
        JsonElement ollama = await server.AskAsync("/api/chat", $"{Ollama}, \"stream\": false}}");
        string numbers = Numbers(ollama.GetProperty("logprobs"));
        using HttpResponseMessage streamed = await server.PostAsync("/api/chat", $"{Ollama}}}");
        string lines = await streamed.Content.ReadAsStringAsync();
        Assert.Equal(numbers, string.Concat(lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line)).Where(line => line.TryGetProperty("logprobs", out _))
            .Select(line => Numbers(line.GetProperty("logprobs")))));
        await server.FailAsync("/v1/chat/completions", $"{{{Say}, \"top_logprobs\": 2}}", 400, "missing_field");
    }

    [Fact]
    public async Task A_field_that_is_misspelt_is_told_which_one_may_be_meant()
    {
        await using TestServer server = await TestServer.StartAsync();
        JsonElement error = await server.FailAsync(Completions, """{"prompt": "x", "temprature": 1}""", 400, "unknown_parameter");
        Assert.Contains("perhaps temperature is meant", error.GetProperty("message").GetString());
    }

    /// <summary>Without tools an object is text, whatever it looks like.</summary>
    [Fact]
    public void A_bare_object_is_a_call_only_where_tools_were_offered()
    {
        const string Object = "{\"name\": \"look\", \"parameters\": {}}";
        var format = new AnswerFormat(ToolFormats.Named("llama3-json"), null);
        var without = new AnswerReader(format.WithoutCalls(), [], "call", startsInReasoning: false);
        without.Push(Object);
        without.End(cut: false);
        Assert.Equal((Object, 0), (without.Text, without.Calls.Count));
        var with = new AnswerReader(format, [new() { Name = "look" }], "call", startsInReasoning: false);
        with.Push(Object);
        with.End(cut: false);
        Assert.Equal(("", 1), (with.Text, with.Calls.Count));
    }

    private static int Reasoning(JsonElement answer) => answer.GetProperty("usage").GetProperty("completion_tokens_details")
        .GetProperty("reasoning_tokens").GetInt32();

    private static int Written(JsonElement answer) =>
        answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32();

    private static JsonElement Part(JsonElement response) => response.GetProperty("output")[0].GetProperty("content")[0];

    private static IEnumerable<string> Malformed(JsonElement message) =>
        message.TryGetProperty("malformed_tool_calls", out JsonElement blocks)
            ? blocks.EnumerateArray().Select(block => block.GetProperty("text").GetString()!) : [];

    private static string Numbers(JsonElement items) => string.Concat(items.EnumerateArray().Select(item =>
        $"{item.GetProperty("token").GetString()} {item.GetProperty("logprob")} "
            + $"{item.GetProperty("top_logprobs").GetArrayLength()};"));
}
