using System.Diagnostics;
using System.Text;

namespace Seriatim.Tests;

/// <summary>The programs in samples/ run, as they were built with these tests.</summary>
public sealed class SampleTests : IDisposable
{
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
        string text = string.Concat(Enumerable.Range(0, 2000).Select(i => $"The cat {i * 7919 % 9973} sat on mat {i * 104729 % 7919}. "));
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
        string[] hashes = [.. lines.Where(line => line.Contains("sha256", StringComparison.Ordinal)).Select(line => line[line.IndexOf("sha256", StringComparison.Ordinal)..][..23])];
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
        Assert.Equal("the same bytes", output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)[^1]);
    }

    [Fact]
    public async Task Web_answers_with_server_sent_events()
    {
        TinyModels.WriteLlama(_folder.Path);
        using Process process = Start("web", "--model", _folder.Path, "--urls", "http://127.0.0.1:0");
        try
        {
            const string Listening = "Now listening on: ";
            string address = "";
            for (string? line; address.Length == 0 && (line = await process.StandardOutput.ReadLineAsync()) is not null;)
                address = line.Contains(Listening, StringComparison.Ordinal) ? line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Trim() : "";
            Assert.StartsWith("http://127.0.0.1:", address);
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            Assert.Equal("Healthy", await client.GetStringAsync("/health"));
            using var turns = new StringContent("""[{"role": "user", "text": "the cat"}]""", Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await client.PostAsync("/chat", turns);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            Assert.StartsWith("data:", await response.Content.ReadAsStringAsync());
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public void Every_sample_has_a_test()
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Seriatim.Tests", "SampleTests.cs"));
        foreach (string folder in Directory.GetDirectories(Path.Combine(Repository.Root, "samples")))
            Assert.Matches($"(Run|Start)\\(\"{Path.GetFileName(folder)}\"", source);
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
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.ArgumentList.Add(Path.Combine([Repository.Root, "samples", sample, "bin", .. place, $"{sample}.dll"]));
        foreach (string arg in args)
            start.ArgumentList.Add(arg);
        return Process.Start(start)!;
    }
}
