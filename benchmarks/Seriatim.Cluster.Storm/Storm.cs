using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Seriatim.Cluster.Tests;
using Seriatim.Tests;

namespace Seriatim.Cluster.Storm;

/// <summary>
/// Four silos in processes and networks of their own (one with a clock that is 20 s ahead, where libfaketime is installed), a
/// fifth with other weights under the same name, Redis, and clients of all kinds of requests; silos are killed, asked to stop,
/// frozen and cut off from each other. Every answer must come whole, with the bytes of one server without faults, and nothing
/// twice.
/// </summary>
internal static class Storm
{
    private const int Silos = 4;

    public static async Task<int> RunAsync(StormOptions options, CancellationToken ending)
    {
        using var folder = new TempFolder();
        string logs = Path.Combine(Path.GetTempPath(), $"seriatim-storm-{Environment.ProcessId}");
        string model = Directory.CreateDirectory(Path.Combine(folder.Path, "tiny")).FullName;
        Directory.CreateDirectory(logs);
        string other = Directory.CreateDirectory(Path.Combine(folder.Path, "other")).FullName;
        TinyModels.WriteLlama(model);
        TinyModels.WriteLlama(other, seed: 6);
        using var network = new StormNetwork(Silos + 1, options.OneNetwork);
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        (string Name, string Path, string Body)[] all = [.. Kinds(options)];
        Console.WriteLine(FormattableString.Invariant(
            $"{all.Length} requests of {Requests.All.Count + 1} kinds, asked of one server without faults ..."));
        string[] right = await AloneAsync(network, http, model, logs, all, options, ending);
        string redis = $"redis://{network.Host}:6391";
        using Process store = Redis(network, folder.Path);
        try
        {
            bool isSkewed = File.Exists(StormSilo.FakeTime);
            if (!isSkewed)
                Console.WriteLine("libfaketime is not installed: all clocks are right");
            StormSilo[] silos =
            [
                .. Enumerable.Range(0, Silos).Select(i =>
                    new StormSilo(network, i, model, redis, logs, isSkewed && i == Silos - 1 ? "+20s" : null)),

                // It is there, with other weights under the same name, and must get no request.
                new StormSilo(network, Silos, other, redis, logs),
            ];
            try
            {
                await Task.WhenAll(silos.Select(silo => silo.ReadyAsync(http, ending)));
                return await BlowAsync(network, http, silos, store, all, right, options, logs, ending);
            }
            finally
            {
                foreach (StormSilo silo in silos)
                    silo.Dispose();
            }
        }
        finally
        {
            store.Kill();
            store.WaitForExit();
        }
    }

    private static async Task<string[]> AloneAsync(StormNetwork network, HttpClient http, string model, string logs,
        (string Name, string Path, string Body)[] all, StormOptions options, CancellationToken ending)
    {
        using var alone = new StormSilo(network, 0, model, null, logs);
        await alone.ReadyAsync(http, ending);
        var right = new string[all.Length];

        // In no cluster nothing is durable: what is asked is asked without.
        await Parallel.ForEachAsync(Enumerable.Range(0, all.Length),
            new ParallelOptions { MaxDegreeOfParallelism = options.AtOnce, CancellationToken = ending },
            async (i, cancellation) =>
            {
                (string name, string path, string body) = all[i];
                var client = new StormClient(http, [alone.Url], new Random(i), name, path, body) { IsAlone = true };
                right[i] = (await client.RunAsync(cancellation)).Hash();
            });
        return right;
    }

    private static async Task<int> BlowAsync(StormNetwork network, HttpClient http, StormSilo[] silos,
        Process store, (string Name, string Path, string Body)[] all, string[] right, StormOptions options, string logs,
        CancellationToken ending)
    {
        var done = new ConcurrentBag<StormClient>();
        var wrong = new ConcurrentBag<string>();
        int next = -1, twice = 0;
        var clock = Stopwatch.StartNew();
        using var storm = CancellationTokenSource.CreateLinkedTokenSource(ending);
        Task faults = FaultsAsync(network, silos, store, options, storm.Token);
        Uri[] doors = [.. silos.Take(Silos).Select(silo => silo.Url)];
        await Task.WhenAll(Enumerable.Range(0, options.AtOnce).Select(async _ =>
        {
            while (clock.Elapsed.TotalSeconds < options.Seconds || Volatile.Read(ref next) + 1 < options.Streams)
            {
                int number = Interlocked.Increment(ref next), i = number % all.Length;
                (string name, string path, string body) = all[i];
                var client = new StormClient(http, doors, new Random(options.Seed + number), name, path, body)
                {
                    IsDisturbed = door => Array.Find(silos, silo => silo.Url == door)!.IsDisturbed,
                };
                StormAnswer answer = await client.RunAsync(ending);
                Interlocked.Add(ref twice, answer.Twice);
                if (answer.Hash() != right[i])
                {
                    string file = Path.Combine(logs, $"wrong-{number}.txt");
                    await File.WriteAllTextAsync(file, answer.Text());
                    wrong.Add($"{client.Name}: {file}");
                }

                done.Add(client);
            }
        }));
        await storm.CancelAsync();
        await faults;
        return Report(done, wrong, twice, silos, clock.Elapsed, logs);
    }

    private static int Report(ConcurrentBag<StormClient> done, ConcurrentBag<string> wrong, int twice, StormSilo[] silos,
        TimeSpan time, string logs)
    {
        double[] still = [.. done.Where(client => client.Resumed + client.Anew > 0).Select(client => client.Still).Order()];
        double[] all = [.. done.Select(client => client.Still).Order()];
        string[] faults = [.. done.SelectMany(client => client.Faults.Select(fault => $"{client.Name}: {fault}"))];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {done.Count} streams ended in {time.TotalSeconds:0} s, {wrong.Count} with other bytes, {twice} events twice
            {silos.Sum(silo => silo.Starts) - silos.Length} silos were started again
            {done.Count(client => client.Resumed > 0)} streams went on at another door, {done.Sum(client => client.Resumed)} times
            {done.Count(client => client.Anew > 0)} streams of kinds that cannot were asked anew
            {done.Sum(client => client.Errors)} times a door at fault, or whose client was elsewhere, ended a stream with an error
            {faults.Length} times another door did
            longest time without anything new, of streams that lost their door: {Still(still)}
            the same, of all streams: {Still(all)}
            logs: {logs}
            """));
        foreach (string one in wrong.Concat(faults.Take(20)))
            Console.WriteLine(one);
        return wrong.IsEmpty && twice == 0 && faults.Length == 0 ? 0 : 1;
    }

    private static string Still(double[] sorted) => sorted.Length == 0 ? "none" : FormattableString.Invariant(
        $"median {sorted[sorted.Length / 2]:0.00} s, 99 % {sorted[sorted.Length * 99 / 100]:0.00} s, worst {sorted[^1]:0.00} s");

    /// <summary>
    /// One silo killed, each sixth time asked to stop, each ten seconds; sometimes one is frozen for 15 seconds, or two are cut
    /// off from each other for as long, or Redis is frozen for eight.
    /// </summary>
    private static async Task FaultsAsync(
        StormNetwork network, StormSilo[] silos, Process store, StormOptions options, CancellationToken over)
    {
        var random = new Random(options.Seed);
        try
        {
            for (int i = 1; i * options.KillEach < options.Seconds; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(options.KillEach), over);
                int victim = random.Next(Silos), other = (victim + 1 + random.Next(Silos - 1)) % Silos;
                bool isAsked = i % 6 == 5;
                Console.WriteLine($"{i * options.KillEach} s: silo {victim} {(isAsked ? "asked to stop" : "killed")}");
                silos[victim].Signal(isAsked ? 15 : 9);
                if (i % 12 == 3)
                    _ = FreezeAsync(silos[other], over);
                if (i % 12 == 8)
                    _ = CutAsync(network, silos, other, (other + 1) % Silos, over);
                if (i % 12 == 11)
                    _ = FreezeAsync(store, over);
            }

            await Task.Delay(Timeout.Infinite, over);
        }
        catch (OperationCanceledException)
        {
            // All streams have ended.
        }
    }

    private static async Task FreezeAsync(Process store, CancellationToken over)
    {
        Console.WriteLine("Redis frozen for 8 s");
        StormSilo.Signal(store, 19);
        await Task.Delay(TimeSpan.FromSeconds(8), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        StormSilo.Signal(store, 18);
    }

    private static async Task FreezeAsync(StormSilo silo, CancellationToken over)
    {
        Console.WriteLine($"silo {silo.Number} frozen for 15 s");
        silo.Signal(19);
        await Task.Delay(TimeSpan.FromSeconds(15), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        silo.Signal(18);
    }

    private static async Task CutAsync(StormNetwork network, StormSilo[] silos, int one, int other, CancellationToken over)
    {
        if (!network.Cut(silos[one].Number, silos[other].Number, isCut: true))
            return;
        silos[one].Disturb();
        silos[other].Disturb();
        Console.WriteLine($"silos {one} and {other} cut off from each other for 15 s");
        await Task.Delay(TimeSpan.FromSeconds(15), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        silos[one].Disturb();
        silos[other].Disturb();
        network.Cut(silos[one].Number, silos[other].Number, isCut: false);
    }

    /// <summary>All kinds of the tests, longer, with many seeds; and responses in the background.</summary>
    private static IEnumerable<(string Name, string Path, string Body)> Kinds(StormOptions options)
    {
        (string Name, string Path, string Body)[] kinds =
        [
            .. Requests.All.Select(one => (one.Key, one.Value.Path, one.Value.Body)),
            ("background", "/v1/responses", """
                {"model": "tiny", "input": "the cat number 7", "max_output_tokens": 60, "temperature": 0.9, "seed": 3,
                "background": true}
                """),
        ];
        for (int i = 0; i < options.Streams; i++)
        {
            (string name, string path, string body) = kinds[i % kinds.Length];
            string seeded = body.Replace("\"seed\": ", $"\"seed\": {(i / kinds.Length) + 1}", StringComparison.Ordinal)
                .Replace("_tokens\": 60", "_tokens\": 180", StringComparison.Ordinal)
                .Replace("cat number", $"cat number {i}", StringComparison.Ordinal);
            yield return (name, path, seeded);
        }
    }

    private static Process Redis(StormNetwork network, string folder)
    {
        Process process = Process.Start(new ProcessStartInfo("redis-server", ["--port", "6391", "--bind", network.Host, "--save",
            "", "--dir", folder, "--protected-mode", "no"])
        {
            RedirectStandardOutput = true,
        })!;
        var ready = new TaskCompletionSource();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null || line.Data.Contains("Ready to accept", StringComparison.Ordinal))
                ready.TrySetResult();
        };
        process.BeginOutputReadLine();
        ready.Task.GetAwaiter().GetResult();
        return process;
    }
}
