using System.Text.Json;

namespace Seriatim.Server.Tests;

/// <summary>Files of requests: the same answers as over a connection, in order, errors line by line.</summary>
public sealed class BatchTests
{
    [Fact]
    public async Task Lines_are_answered_as_requests_are()
    {
        await using TestServer server = await TestServer.StartAsync();
        const string Body = "{\"prompt\": \"the cat\", \"max_tokens\": 5, \"seed\": 3}";
        string[] lines =
        [
            $"{{\"custom_id\": \"a\", \"method\": \"POST\", \"url\": \"/v1/completions\", \"body\": {Body}}}",
            "",
            "{\"custom_id\": \"b\", \"url\": \"/v1/chat/completions\", \"body\": {\"messages\": []}}",
            "{\"custom_id\": \"c\", \"url\": \"/v1/models\", \"body\": {}}",
            "{\"custom_id\": \"a\", \"url\": \"/v1/completions\", \"body\": {}}",
            "{\"custom_id\": \"d\", \"url\": \"/v1/completions\", \"body\": {\"prompt\": \"x\", \"stream\": true}}",
            "no json",
            "{\"custom_id\": \"e\", \"url\": \"/v1/embeddings\", \"body\": {\"input\": \"the cat\"}}",
        ];
        var output = new StringWriter();
        (int done, int failed) = await new BatchRunner(server.App.Services, 3).RunAsync(lines.ToAsyncEnumerable(), output);
        Assert.Equal((7, 5), (done, failed));
        JsonElement[] answers = [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonElement.Parse(line))];
        Assert.Equal(["a", "b", "c", "a", "d", null, "e"], answers.Select(answer => answer.GetProperty("custom_id").GetString()));
        JsonElement whole = await server.AskAsync("/v1/completions", Body);
        JsonElement first = answers[0].GetProperty("response");
        Assert.Equal(200, first.GetProperty("status_code").GetInt32());
        Assert.Equal(whole.GetProperty("choices").GetRawText(), first.GetProperty("body").GetProperty("choices").GetRawText());
        Assert.Equal(400, answers[1].GetProperty("response").GetProperty("status_code").GetInt32());
        Assert.All(answers[2..6], answer => Assert.NotEmpty(answer.GetProperty("error").GetProperty("message").GetString()!));
        Assert.Equal(32,
            answers[6].GetProperty("response").GetProperty("body").GetProperty("data")[0].GetProperty("embedding")
                .GetArrayLength());
    }

    [Theory]
    [InlineData("{\n  \"a\": [1,\r\n 2]\n}", "{\"a\":[1,2]}")]
    [InlineData("{\"a\":\"x\u2028y\u0085z\"}", "{\"a\":\"x\\u2028y\\u0085z\"}")]
    [InlineData("", "\"\"")]
    [InlineData("no json\nat all", "\"no json\\nat all\"")]
    public void An_answer_is_one_line_whatever_its_body_has(string body, string expected)
    {
        string line = BatchAnswer.Of("a", 200, "r", System.Text.Encoding.UTF8.GetBytes(body));
        Assert.DoesNotContain(line, sign => sign is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029');
        Assert.Contains($"\"body\":{expected}}}", line);
        JsonElement.Parse(line);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_one_line_too() =>
        JsonElement.Parse(BatchAnswer.Of("a", 200, "r", new byte[] { 0xFF, (byte)'\n', 0xC0 }));
}
