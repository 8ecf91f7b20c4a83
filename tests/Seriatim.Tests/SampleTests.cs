using System.Diagnostics;
using System.Text;

namespace Seriatim.Tests;

/// <summary>The programs in samples/ run, as they were built with these tests.</summary>
public sealed class SampleTests : IDisposable
{
    private const string Turns = """[{"role": "user", "text": "the cat"}]""";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Generate_continues_a_prompt()
    {
        string output = Run("generate", Path.Combine(Repository.Root, "models", "stories"), "Once upon a time");
        Assert.NotEmpty(output.Trim());
    }

    [Fact]
    public void Train_writes_a_model_that_generates()
    {
        // Text enough for the vocabulary and a window that is held out.
        string text = string.Concat(Enumerable.Range(0, 2000)
            .Select(i => $"The cat {i * 7919 % 9973} sat on mat {i * 104729 % 7919}. "));
        File.WriteAllText(_folder.File("text.txt"), text);
        Run("train", _folder.File("text.txt"), _folder.File("model"), "5", "2");
        Assert.NotEmpty(Run("generate", _folder.File("model"), "The cat").Trim());
    }

    [Fact]
    public void Translate_translates_each_text()
    {
        TinyModels.WriteT5(_folder.Path);
        string[] lines = Run("translate", _folder.Path, "我爱学习", "the cat").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["我爱学习 = ", "the cat = "], lines.Select(line => line[..(line.IndexOf('=', StringComparison.Ordinal) + 2)]));
    }

    [Fact]
    public void The_promise_is_kept_and_the_picture_shows_it()
    {
        string output = Run("promise");
        string[] lines = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("the same bytes", lines[^1]);
        string[] hashes = [.. lines.Where(line => line.Contains("sha256", StringComparison.Ordinal))
            .Select(line => line[line.IndexOf("sha256", StringComparison.Ordinal)..][..23])];
        Assert.Equal(2, hashes.Length);
        Assert.Equal(hashes[0], hashes[1]);

        // The picture in the README is of this program: its text and its hash are those of today, on any machine.
        string picture = File.ReadAllText(Path.Combine(Repository.Root, "docs", "pictures", "promise.svg"));
        Assert.Equal(2, picture.Split(hashes[0]["sha256 ".Length..]).Length - 1);
    }

    [Fact]
    public void A_request_moves_to_another_process_and_nobody_can_tell()
    {
        string output = Run("move");
        Assert.Equal("the same bytes",
            output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)[^1]);
    }

    [Fact]
    public async Task Web_answers_with_server_sent_events()
    {
        TinyModels.WriteLlama(_folder.Path);
        using Process process = Start("web", "--Seriatim:Model", _folder.Path, "--Seriatim:Threads", "1", "--urls",
            "http://127.0.0.1:0");
        try
        {
            const string Listening = "Now listening on: ";
            string address = "";
            for (string? line; address.Length == 0 && (line = await process.StandardOutput.ReadLineAsync()) is not null;)
            {
                address = line.Contains(Listening, StringComparison.Ordinal)
                    ? line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Trim()
                    : "";
            }
            Assert.StartsWith("http://127.0.0.1:", address);
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            Assert.Equal("Healthy", await client.GetStringAsync("/health"));
            using var turns = new StringContent(Turns, Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await client.PostAsync("/chat", turns);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            Assert.StartsWith("data:", await response.Content.ReadAsStringAsync());

            // What a request took is written down when its engine is done with it, and the exporter answers with one page for
            // a while: the reader of the stream may come sooner.
            string metrics = "";
            await WaitForAsync(async () => (metrics = await client.GetStringAsync("/metrics"))
                .Contains("gen_ai_server_request_duration", StringComparison.Ordinal));
            Assert.Contains("seriatim_requests_running", metrics);

            // A visitor who leaves ends his request: the engine is idle again, long before so many tokens.
            using var again = new HttpRequestMessage(HttpMethod.Post, "/chat");
            again.Content = new StringContent(Turns, Encoding.UTF8, "application/json");
            using HttpResponseMessage left = await client.SendAsync(again, HttpCompletionOption.ResponseHeadersRead);
            left.Dispose();
            await WaitForAsync(async () => (await client.GetStringAsync("/metrics")).Split('\n')
                .Any(line => line.StartsWith("seriatim_requests_running", StringComparison.Ordinal)
                    && line.Split(' ')[1] == "0"));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task Console_chat_answers_each_line_and_is_measured()
    {
        TinyModels.WriteLlama(_folder.Path, context: 2048, template: TinyModels.ToolTemplate);
        using Process process = Start("console-chat", "--model", _folder.Path, "--telemetry", "true");
        await process.StandardInput.WriteAsync("the cat\nthe cat\nand a mouse\n\n");
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("gen_ai.operation.name", output);
        Assert.Contains("gen_ai.server.time_to_first_token", output);
        Assert.Contains("seriatim.tokens", output);
    }

    [Fact]
    public void Semantic_search_finds_the_paragraph_itself()
    {
        string[] paragraphs = ["The cat sat on the mat.", "A bird sang in the old tree.", "Tom had a big red ball.",
            "It was dark outside."];
        File.WriteAllText(_folder.File("text.txt"), string.Join("\n\n", paragraphs));
        string[] lines = Run("semantic-search", "--query", "A bird sang in the old tree.", "--files", _folder.File("text.txt"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Equal($"1.000  {paragraphs[1]}", lines[0].TrimEnd());
    }

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 200; i++)
        {
            if (await condition())
                return;
            await Task.Delay(50);
        }

        Assert.Fail("It did not come true.");
    }

    [Fact]
    public void Every_sample_has_a_test()
    {
        string tests = Path.Combine(Repository.Root, "tests");
        string source = string.Concat(Directory.GetFiles(tests, "*SampleTests.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText));
        foreach (string folder in Directory.GetDirectories(Path.Combine(Repository.Root, "samples")))
            Assert.Matches($"(Run|Start|Manifest)\\(\"{Path.GetFileName(folder)}\"", source);
    }

    internal static string Run(string sample, params string[] args)
    {
        using Process process = Start(sample, args);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{sample} ended with {process.ExitCode}: {error.Result}");
        return output;
    }

    private static Process Start(string sample, params string[] args)
    {
        // The same configuration and framework as this program's.
        string[] place = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar)[^2..];
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.ArgumentList.Add(Path.Combine([Repository.Root, "samples", sample, "bin", .. place, $"{sample}.dll"]));
        foreach (string arg in args)
            start.ArgumentList.Add(arg);
        return Process.Start(start)!;
    }
}
