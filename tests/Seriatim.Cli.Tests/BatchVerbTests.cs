using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary><c>seriatim batch</c>: a file of requests, a file of answers.</summary>
public sealed class BatchVerbTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_answered_in_order_and_an_error_is_told_by_the_exit_code()
    {
        TinyModels.WriteLlama(_folder.Path);
        string input = _folder.File("in.jsonl"), output = _folder.File("out.jsonl");
        const string Good =
            """{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "prompt": "the cat", "max_tokens": 3}}""";
        File.WriteAllText(input, Good + "\n");
        string[] run = ["batch", input, "-o", output, "-m", $"{_folder.Path}=m", "-c", "512"];
        (int code, _, string error) = Cli.Run(run);
        Assert.True(code == 0, error);
        JsonElement answer = JsonElement.Parse(File.ReadAllText(output));
        Assert.Equal(("a", 200), (answer.GetProperty("custom_id").GetString(),
            answer.GetProperty("response").GetProperty("status_code").GetInt32()));
        File.WriteAllText(input, "{\"custom_id\": \"b\"}\n" + Good + "\n");
        (code, _, error) = Cli.Run(run);
        Assert.Equal(1, code);
        Assert.Contains("2 requests were answered, 1 of them with an error", error);
        Assert.Equal(["b", "a"],
            File.ReadAllLines(output).Select(line => JsonElement.Parse(line).GetProperty("custom_id").GetString()));
        Assert.Equal(2, Cli.Run("batch", _folder.File("nothing.jsonl"), "-m", _folder.Path).Code);
    }
}
