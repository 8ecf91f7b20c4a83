using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Playwright;
using Seriatim.Generation;

namespace Seriatim.Server.Benchmarks;

/// <summary>
/// What the open engine view costs: streams with nobody looking, with somebody who reads the lines of the engine, and with
/// the page itself in a browser of this machine, by turns. The browser draws on the same cores, so the last one is the most
/// that it can cost.
/// </summary>
internal static class OpenView
{
    private const int NewTokens = 160;

    private static readonly string[] Names = ["nobody looks", "the lines are read", "the page is open"];

    public static async Task<int> RunAsync(int streams, int rounds)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("seriatim-view-bench-");
        try
        {
            string file = ShapeFile.Write(folder.FullName, ShapeFile.Wide);
            var options = new LanguageModelOptions { Engine = new EngineOptions { MaxSequences = 64, TokenBudget = 512 } };
            await using RunningServer server = await RunningServer.StartAsync(server => server.Models.Add(
                new ServedModelOptions { Model = file, Name = "shape", Options = options, Preload = true }), withPage: true);
            await using OpenPage? page = await OpenPage.TryOpenAsync();
            int ways = page is null ? 2 : 3;
            Console.WriteLine($"{Path.GetFileName(file)}: {streams} streams of {NewTokens} tokens, {rounds} rounds by turns, "
                + $"{Environment.ProcessorCount} cores");
            await StreamAsync(server.Client, streams, -1);
            var speeds = new List<double>[] { [], [], [] };
            for (int round = 0; round < rounds; round++)
            {
                // Another one begins in each round: none always has the cooler machine.
                for (int i = 0; i < ways; i++)
                {
                    int way = (round + i) % ways;
                    speeds[way].Add(await MeasureAsync(server.Client, page, way, streams, round * ways + i));
                }
            }

            Print(speeds, ways);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Print(List<double>[] speeds, int ways)
    {
        double alone = Median(speeds[0]);
        Console.WriteLine($"{Names[0]}: {alone:F1} tokens/s");
        for (int way = 1; way < ways; way++)
        {
            double[] ratios = [.. speeds[way].Zip(speeds[0], (with, without) => with / without)];
            Console.WriteLine($"{Names[way]}: {Median(speeds[way]):F1} tokens/s, median ratio {Median(ratios):F3} "
                + $"({ratios.Min():F3} to {ratios.Max():F3})");
        }

        if (ways < 3)
            Console.WriteLine("There is no chromium on this machine: the page itself was not opened.");
    }

    private static async Task<double> MeasureAsync(HttpClient client, OpenPage? page, int way, int streams, int number)
    {
        using var over = new CancellationTokenSource();
        Task watching = way == 1 ? WatchAsync(client, over.Token) : Task.CompletedTask;
        if (way == 2)
            await page!.LookAsync(client.BaseAddress!);
        await Task.Delay(500, CancellationToken.None); // What opening it cost is over.
        double speed = await StreamAsync(client, streams, number);
        await over.CancelAsync();
        await watching;
        if (way == 2)
            await page!.LeaveAsync();
        return speed;
    }

    /// <summary>As the page does: two frames a second, all of them read.</summary>
    private static async Task WatchAsync(HttpClient client, CancellationToken over)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "v1/engine/watch")
        {
            Content = new StringContent("""{"model": "shape", "frames": 1000000, "interval_ms": 500}""", Encoding.UTF8,
                new MediaTypeHeaderValue("application/json")),
        };
        try
        {
            using HttpResponseMessage answer = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, over);
            answer.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(over));
            while (await reader.ReadLineAsync(over) is not null)
            {
            }
        }
        catch (OperationCanceledException)
        {
            // The round is over.
        }
    }

    private static async Task<double> StreamAsync(HttpClient client, int streams, int number)
    {
        long start = Stopwatch.GetTimestamp();
        int[] tokens = await Task.WhenAll(Enumerable.Range(0, streams).Select(i => Task.Run(async () =>
        {
            using HttpResponseMessage response =
                await HttpOverhead.PostAsync(client, HttpOverhead.Json(2000 + number, i, NewTokens));
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            string last = "";
            while (await reader.ReadLineAsync() is { } line)
                last = line.Contains("\"usage\":{", StringComparison.Ordinal) ? line : last;
            int at = last.IndexOf("\"completion_tokens\":", StringComparison.Ordinal) + "\"completion_tokens\":".Length;
            int end = last.AsSpan(at).IndexOfAnyExceptInRange('0', '9');
            return int.Parse(last.AsSpan(at, end), CultureInfo.InvariantCulture);
        })));
        return tokens.Sum() == streams * NewTokens ? tokens.Sum() / Stopwatch.GetElapsedTime(start).TotalSeconds
            : throw new InvalidOperationException(
                $"{tokens.Sum()} tokens came; {streams} streams of {NewTokens} were asked for.");
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>The engine view in chromium.</summary>
    private sealed class OpenPage(IPlaywright playwright, IBrowser browser, IPage page) : IAsyncDisposable
    {
        /// <summary>Null: there is no chromium.</summary>
        public static async Task<OpenPage?> TryOpenAsync()
        {
            string? path = Environment.GetEnvironmentVariable("SERIATIM_CHROMIUM")
                ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
                    .Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists);
            if (path is null)
                return null;
            IPlaywright playwright = await Playwright.CreateAsync();
            IBrowser browser = await playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = path,
                Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
            });
            return new OpenPage(playwright, browser, await browser.NewPageAsync());
        }

        public async Task LookAsync(Uri server)
        {
            await page.GotoAsync(new Uri(server, "engine").ToString());
            await page.WaitForSelectorAsync("[data-maps] canvas");
        }

        public Task LeaveAsync() => page.GotoAsync("about:blank");

        public async ValueTask DisposeAsync()
        {
            await browser.DisposeAsync();
            playwright.Dispose();
        }
    }
}
