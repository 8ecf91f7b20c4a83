using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Seriatim.Shared;

namespace Seriatim.Cli.Tests;

/// <summary>The server as a process: how it starts, is asked, is told to stop.</summary>
public sealed class ServeTests
{
    [StoriesFact]
    public async Task Ui_opens_the_page_of_the_server_that_runs_and_ignores_no_flag()
    {
        using Process server = Cli.Start("serve", "--port", "0", "--json", "-m", $"{Cli.Stories}=tale");
        try
        {
            string url = JsonElement.Parse((await server.StandardOutput.ReadLineAsync())!).GetProperty("url").GetString()!;
            string port = $"{new Uri(url).Port}";
            Assert.Equal((0, url), Told(Cli.Run("ui", "--no-browser", "--port", port)));
            (int code, _, string error) = Cli.Run("ui", "--no-browser", "--port", port, "-m", "stories");
            Assert.Equal(1, code);
            Assert.Contains("--model is for one that starts", error);
        }
        finally
        {
            server.Kill();
        }

        static (int Code, string Output) Told((int Code, string Output, string Error) run) => (run.Code, run.Output.Trim());
    }

    [StoriesFact]
    public async Task Serve_listens_answers_repeats_and_stops_when_told_once_its_requests_have_ended()
    {
        using Process server = Cli.Start("serve", "--port", "0", "--json", "-m", $"{Cli.Stories}=tale,story");
        JsonElement line = JsonElement.Parse((await server.StandardOutput.ReadLineAsync())!);
        string url = line.GetProperty("url").GetString()!;
        Assert.Equal("tale", line.GetProperty("models")[0].GetString());
        using var client = new HttpClient { BaseAddress = new Uri(url) };
        const string Body = """{"model": "story", "prompt": "Once", "max_tokens": 20, "temperature": 1}""";
        using HttpResponseMessage answer =
            await client.PostAsync("/v1/completions", new StringContent(Body, Encoding.UTF8, "application/json"));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        string id = JsonElement.Parse(text).GetProperty("id").GetString()!;
        (int code, string output, string error) = Cli.Run("replay", id, "--server", url);
        Assert.Equal((0, "The same bytes."), (code, output.Trim()));
        string record = Path.GetTempFileName();
        try
        {
            File.WriteAllText(record, await client.GetStringAsync($"/v1/requests/{id}"));
            Assert.Equal(0, Cli.Run("replay", record, "--server", url, "--json").Code);
        }
        finally
        {
            File.Delete(record);
        }

        (code, _, error) = Cli.Run("replay", "nothing", "--server", url);
        Assert.Equal(1, code);
        Assert.Contains("nothing", error);

        // Another one at the same port is told what is wrong.
        (code, _, error) = Cli.Run("serve", "-m", Cli.Stories, "--port", $"{new Uri(url).Port}");
        Assert.Equal(69, code);
        Assert.Contains("--port", error);
        if (OperatingSystem.IsWindows())
        {
            server.Kill();
            return;
        }

        using HttpResponseMessage stream = await client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent("""{"prompt": "Once", "ignore_eos": true, "stream": true}""", Encoding.UTF8,
                "application/json"),
        }, HttpCompletionOption.ResponseHeadersRead);
        Process.Start("kill", $"-TERM {server.Id}").WaitForExit();
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync());
        await server.WaitForExitAsync();
        Assert.Equal(0, server.ExitCode);
    }

    /// <summary>The first signal lets a stream go on, the second ends it, and the exit code tells.</summary>
    [Fact]
    public async Task A_second_signal_ends_what_runs_at_once()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = new TempFolder();
        TinyModels.WriteLlama(folder.Path, context: 1 << 17);
        using Process server = Cli.Start("serve", "--port", "0", "--json", "-m", $"{folder.Path}=long", "-c", "200000");
        JsonElement line = JsonElement.Parse((await server.StandardOutput.ReadLineAsync())!);
        using var client = new HttpClient { BaseAddress = new Uri(line.GetProperty("url").GetString()!) };
        using HttpResponseMessage stream = await client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent("""{"prompt": "the cat", "ignore_eos": true, "stream": true}""", Encoding.UTF8,
                "application/json"),
        }, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(stream.IsSuccessStatusCode);
        Process.Start("kill", $"-TERM {server.Id}").WaitForExit();
        while (true)
        {
            using HttpResponseMessage ready = await client.GetAsync("/ready");
            if ((int)ready.StatusCode == 503)
                break;
            await Task.Delay(20);
        }

        Assert.False(server.HasExited);
        Process.Start("kill", $"-TERM {server.Id}").WaitForExit();
        Assert.DoesNotContain("[DONE]", await stream.Content.ReadAsStringAsync());
        await server.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(130, server.ExitCode);
    }

    /// <summary>Neither a model is opened, nor one fetched that is not there.</summary>
    [Fact]
    public void A_port_in_use_is_told_before_any_model_is_looked_for()
    {
        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        string port = $"{((System.Net.IPEndPoint)other.LocalEndpoint).Port}";
        (int code, string output, string error) = Cli.Run("serve", "-m", "no-such-model-here/", "--port", port);
        Assert.Equal((69, ""), (code, output));
        Assert.Contains("another program listens there", error);
        Assert.DoesNotContain("no-such-model-here", error);
        Assert.Equal(2, Cli.Run("serve", "--keep-alive", "soon", "--port", port).Code);
    }

    [Theory]
    [InlineData(2, "--port", "70000")]
    [InlineData(2, "--keep-alive", "soon")]
    [InlineData(2, "--keep-alive", "2000h")]
    [InlineData(2, "--drain-time", "2000h")]
    [InlineData(2, "--max-time", "0")]
    [InlineData(2, "--memory", "much")]
    [InlineData(2, "--parallel", "0")]
    [InlineData(2, "-m", "=name")]
    [InlineData(1, "-m", "no-such-model-here/")]
    [InlineData(1, "--models-dir", "no-such-folder-here")]
    [InlineData(1, "--host", "no such host")]
    [InlineData(1, "--api-key-file", "no-such-file-here")]
    public void What_is_wrong_is_said_before_anything_is_served(int expected, params string[] flags)
    {
        (int code, _, string error) = Cli.Run(["serve", .. flags]);
        Assert.Equal(expected, code);
        Assert.Contains(flags[1].Trim('/'), error);
    }

    [Fact]
    public void Keys_of_a_file_have_their_limits()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "# keys\n\nsk-a name=ann priority=-2 rpm=60 tpm=1000 parallel=3\nsk-b\n");
            Server.ApiKeyOptions[] keys = [.. KeyFile.Read(file, new Server.ClientLimits { Concurrency = 9 })];
            Assert.Equal(new Server.ApiKeyOptions
            {
                Key = "sk-a",
                Name = "ann",
                Priority = -2,
                Limits = new() { RequestsPerMinute = 60, TokensPerMinute = 1000, Concurrency = 3 },
            }, keys[0]);
            Assert.Equal(9, keys[1].Limits!.Concurrency);
            File.WriteAllText(file, "sk-secret rpm=many\n");
            UserErrorException error =
                Assert.Throws<UserErrorException>(() => KeyFile.Read(file, new Server.ClientLimits()).ToArray());
            Assert.Contains("line 1", error.Message);
            Assert.DoesNotContain("sk-secret", error.Message);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("300", 300)]
    [InlineData("5m", 300)]
    [InlineData("1.5h", 5400)]
    [InlineData("0", 0)]
    [InlineData("-1", -0.001)]
    public void Times_are_written_as_ollama_has_them(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Amounts.Time("--keep-alive", text));

    [Theory]
    [InlineData("8g", 8L << 30)]
    [InlineData("512M", 512L << 20)]
    [InlineData("1000000", 1000000)]
    public void Sizes_have_powers_of_1024(string text, long bytes) => Assert.Equal(bytes, Amounts.Bytes("--memory", text));

    [Fact]
    public void The_guide_lists_the_variables() => MadeTable.Check("docs/guide/server.md", "variables",
        ServeVariables.All.Select(flag => $"| `{flag.Key}` | {string.Join(", ", flag.Value.Select(name => $"`{name}`"))} |"));
}
