using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seriatim.Cli.Tests;

/// <summary>serve under mpirun: rank 0 is the server, the others have layers of its models; how they end.</summary>
public sealed partial class StageServeMpiTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [MpiStoriesFact]
    public async Task It_answers_with_the_bytes_of_one_process_and_stops_when_a_rank_is_told_to()
    {
        using Process alone = Cli.Start("serve", "--port", "0", "--json", "-t", "1", "-m", $"{Cli.Stories}=tale");
        string expected;
        try
        {
            expected = await TextAsync(await AddressAsync(alone));
        }
        finally
        {
            alone.Kill();
        }

        await using var server = new Ranks(2, "--stage-layers", "2,3");
        Uri address = await AddressAsync(server.Process);
        Assert.Equal(expected, await TextAsync(address));
        await server.HasSaidAsync("tale: stage 1 (");

        // That of a rank above 0 is one for all.
        server.Signal(1, "TERM");
        Assert.Equal(0, await server.EndAsync());
        Assert.DoesNotContain("rank 1", server.Errors);
    }

    [MpiStoriesFact]
    public async Task A_rank_that_stands_still_ends_all_with_a_sentence()
    {
        await using var server = new Ranks(2, "--stage-silence", "5");
        Uri address = await AddressAsync(server.Process);
        await TextAsync(address);
        server.Signal(1, "STOP");
        Assert.Equal(ExitCodes.Silent, await server.EndAsync());
        Assert.Contains("nothing was heard of rank 1 for 5 s (--stage-silence)", server.Errors);
    }

    [MpiStoriesFact]
    public async Task A_rank_that_dies_ends_all()
    {
        await using var server = new Ranks(3);
        Uri address = await AddressAsync(server.Process);
        await TextAsync(address);
        server.Signal(2, "KILL");
        Assert.NotEqual(0, await server.EndAsync());
        Assert.Contains("signal 9", server.Errors);
    }

    [MpiStoriesFact]
    public async Task What_stages_do_not_serve_is_refused_by_its_flag()
    {
        foreach ((string flag, string why) in new[]
        {
            ("--cluster localhost", "--cluster is for servers of one process each"),
            ("--allow-training", "--allow-training under mpirun"),
            ("--stage-silence 0", "--stage-silence is less than a second"),
            ("--stage-layers 5", "--stage-layers gives layers of 1 processes"),
        })
        {
            await using var server = new Ranks(2, flag.Split(' '));
            Assert.NotEqual(0, await server.EndAsync());
            Assert.Contains(why, server.Errors);
        }
    }

    private static async Task<Uri> AddressAsync(Process server)
    {
        string? line = await server.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        return new Uri(JsonElement.Parse(line!).GetProperty("url").GetString()!);
    }

    private static async Task<string> TextAsync(Uri address)
    {
        using var client = new HttpClient { BaseAddress = address, Timeout = Patience };
        const string Body = """
            {"model": "tale", "prompt": "Once", "max_tokens": 40, "temperature": 1, "seed": 7, "n": 2, "logprobs": 2}
            """;
        using HttpResponseMessage answer =
            await client.PostAsync("/v1/completions", new StringContent(Body, Encoding.UTF8, "application/json"));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonElement.Parse(text).GetProperty("choices").GetRawText();
    }

    [GeneratedRegex(@"RANK (\d+) IS (\d+)")]
    private static partial Regex NumberOfRank { get; }

    /// <summary>A server of several processes, of which each says its number first.</summary>
    private sealed class Ranks : IAsyncDisposable
    {
        private readonly StringBuilder _errors = new();
        private readonly Task _reading;

        public Ranks(int processes, params string[] flags)
        {
            Process = Mpirun.Start(["-np", $"{processes}", "sh", "-c",
                "echo RANK $OMPI_COMM_WORLD_RANK IS $$ >&2; exec \"$@\"", "sh", .. Mpirun.Program, "serve", "--port", "0",
                "--json", "-t", "1", "-m", $"{Cli.Stories}=tale", .. flags]);
            _reading = Task.Run(ReadAsync);
        }

        public Process Process { get; }

        public string Errors
        {
            get
            {
                lock (_errors)
                    return _errors.ToString();
            }
        }

        public void Signal(int rank, string signal)
        {
            Match number = NumberOfRank.Matches(Errors).First(match => match.Groups[1].Value == $"{rank}");
            using Process kill = Process.Start("kill", [$"-{signal}", number.Groups[2].Value]);
            kill.WaitForExit();
        }

        /// <summary>Waits until something was said.</summary>
        public async Task HasSaidAsync(string what)
        {
            long start = Stopwatch.GetTimestamp();
            while (!Errors.Contains(what, StringComparison.Ordinal))
            {
                Assert.True(Stopwatch.GetElapsedTime(start) < Patience, Errors);
                await Task.Delay(10);
            }
        }

        public async Task<int> EndAsync()
        {
            _ = Process.StandardOutput.ReadToEndAsync();
            await Process.WaitForExitAsync().WaitAsync(Patience);
            await _reading;
            return Process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!Process.HasExited)
            {
                foreach (Match number in NumberOfRank.Matches(Errors))
                    Kill(int.Parse(number.Groups[2].Value, CultureInfo.InvariantCulture));
                Process.Kill(entireProcessTree: true);
            }

            await Process.WaitForExitAsync();
            Process.Dispose();
        }

        private static void Kill(int number)
        {
            try
            {
                using var process = Process.GetProcessById(number);
                process.Kill();
            }
            catch (ArgumentException)
            {
                // It has ended by itself.
            }
        }

        private async Task ReadAsync()
        {
            while (await Process.StandardError.ReadLineAsync() is { } line)
            {
                lock (_errors)
                    _errors.AppendLine(line);
            }
        }
    }

    /// <summary>A fact that needs mpirun and the shared model; a visible skip without them.</summary>
    private sealed class MpiStoriesFactAttribute : FactAttribute
    {
        public MpiStoriesFactAttribute() =>
            Skip = new MpiFactAttribute().Skip
                ?? (Directory.Exists(Cli.Stories) ? null : "../shared/models/stories260K is missing");
    }
}
