using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Seriatim.Server.Benchmarks;

/// <summary>
/// Many connections with mixed requests, twice as many clients that come and go away at random, slow readers and half-open bodies
/// beside them. Every whole answer must be the one that the same request gets alone.
/// </summary>
internal sealed class LoadTest(RunningServer server, IReadOnlyList<LoadCase> cases, int connections)
{
    private const int SlowReaders = 20;
    private const int HalfOpen = 20;

    private long _answers;
    private long _other;
    private long _errors;
    private long _left;
    private long _refused;
    private string? _firstError;

    public static async Task<int> RunAsync(TimeSpan time, int connections)
    {
        await using RunningServer server = await RunningServer.StartAsync(options =>
        {
            options.Host = options.Host with { MemoryBytes = 3L << 30 };
            options.Models.Add(new ServedModelOptions
            {
                Model = "stories",
                Preload = true,
                Options = new() { Engine = new() { MaxSequences = 64, MaxQueuedRequests = 8192, MemoryBytes = 256 << 20 } },
            });
            options.Models.Add(new ServedModelOptions
            {
                Model = "zh-en",
                Preload = true,
                Options = new() { Engine = new() { MaxSequences = 32, MaxQueuedRequests = 8192, MemoryBytes = 256 << 20 } },
            });
        });
        IReadOnlyList<LoadCase> cases = LoadCase.All;
        Console.WriteLine($"{cases.Count} requests, each asked alone first");
        foreach (LoadCase one in cases)
            one.Expected = await one.AskAsync(server.Client, CancellationToken.None);
        return await new LoadTest(server, cases, connections).RunAsync(time);
    }

    private async Task<int> RunAsync(TimeSpan time)
    {
        using var stop = new CancellationTokenSource(time);
        Console.WriteLine($"{connections} connections, {2 * connections} that go away, {SlowReaders} slow readers, {HalfOpen} "
            + $"half-open bodies, {time.TotalMinutes:F1} minutes");
        Console.WriteLine("second   answers  other than alone   errors   went away   resident MB   heap MB");
        long start = Stopwatch.GetTimestamp();
        Task[] clients =
        [
            .. Enumerable.Range(0, connections).Select(i => Task.Run(() => AskAsync(i, stop.Token), CancellationToken.None)),
            .. Enumerable.Range(0, 2 * connections)
                .Select(i => Task.Run(() => LeaveAsync(i, stop.Token), CancellationToken.None)),
            .. Enumerable.Range(0, SlowReaders)
                .Select(i => Task.Run(() => ReadSlowlyAsync(i, stop.Token), CancellationToken.None)),
            .. Enumerable.Range(0, HalfOpen).Select(_ => Task.Run(() => HalfAsync(stop.Token), CancellationToken.None)),
        ];
        while (!stop.IsCancellationRequested)
        {
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(Math.Max(5, time.TotalSeconds / 20)), stop.Token));
            Console.WriteLine(
                $"{Stopwatch.GetElapsedTime(start).TotalSeconds,6:F0} {_answers,9} {_other,17} {_errors,8} {_left,11} "
                    + $"{Environment.WorkingSet / 1e6,13:F0} {GC.GetTotalMemory(false) / 1e6,9:F0}");
        }

        await Task.WhenAll(clients);
        int after = 0;
        foreach (LoadCase one in cases)
            after += await one.AskAsync(server.Client, CancellationToken.None) == one.Expected ? 0 : 1;
        GC.Collect();
        Console.WriteLine(
            $"{_answers} answers, {_other} other than alone, {_errors} errors, {_left} went away, {_refused} half bodies ended "
                + "by the server");
        Console.WriteLine(
            $"afterwards: {after} of {cases.Count} other than before; {Environment.WorkingSet / 1e6:F0} MB resident, "
                + $"{GC.GetTotalMemory(true) / 1e6:F0} MB of heap");
        if (_firstError is not null)
            Console.WriteLine($"first error: {_firstError}");
        return _other + _errors + after == 0 ? 0 : 1;
    }

    private async Task AskAsync(int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        using HttpClient client = RunningServer.NewClient(server.Client.BaseAddress!);
        while (!stop.IsCancellationRequested)
        {
            LoadCase one = cases[random.Next(cases.Count)];
            try
            {
                string answer = await one.AskAsync(client, stop);
                Interlocked.Increment(ref answer == one.Expected ? ref _answers : ref _other);
                if (answer != one.Expected)
                    Interlocked.CompareExchange(ref _firstError, $"{one.Name}: {answer} instead of {one.Expected}", null);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                Failed(failure);
            }
        }
    }

    private async Task LeaveAsync(int seed, CancellationToken stop)
    {
        var random = new Random(1_000_000 + seed);
        while (!stop.IsCancellationRequested)
        {
            using HttpClient client = RunningServer.NewClient(server.Client.BaseAddress!);
            using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
            leave.CancelAfter(random.Next(1, 3000));
            try
            {
                await cases[random.Next(cases.Count)].AskAsync(client, leave.Token);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref _left);
            }
            catch (Exception failure) when (leave.IsCancellationRequested && failure is HttpRequestException or IOException)
            {
                Interlocked.Increment(ref _left);
            }
            catch (Exception failure)
            {
                Failed(failure);
            }

            await Task.Delay(random.Next(1, 4000), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Reads a few bytes a second of a long stream.</summary>
    private async Task ReadSlowlyAsync(int seed, CancellationToken stop)
    {
        LoadCase one = cases.First(item => item.Streams);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await ConnectAsync(stop);
                socket.ReceiveBufferSize = 1024;
                await socket.SendAsync(one.Raw(server.Client.BaseAddress!), SocketFlags.None, stop);
                byte[] buffer = new byte[64];
                for (int i = 0; i < 20 + seed && await socket.ReceiveAsync(buffer, SocketFlags.None, stop) > 0; i++)
                    await Task.Delay(500, stop);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException)
            {
                // The server may end what nobody reads.
            }
        }
    }

    /// <summary>Announces a body and sends half of it.</summary>
    private async Task HalfAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await ConnectAsync(stop);
                await socket.SendAsync(Encoding.ASCII.GetBytes(
                    "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                        + "1000\r\n\r\n{\"prompt\": \"A"),
                    SocketFlags.None, stop);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
                patience.CancelAfter(TimeSpan.FromSeconds(20));
                if (await socket.ReceiveAsync(new byte[64], SocketFlags.None, patience.Token) >= 0)
                    Interlocked.Increment(ref _refused);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException)
            {
                // Gone without the other half.
            }
        }
    }

    private async Task<Socket> ConnectAsync(CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, server.Client.BaseAddress!.Port, stop);
        return socket;
    }

    private void Failed(Exception failure)
    {
        Interlocked.Increment(ref _errors);
        Interlocked.CompareExchange(ref _firstError, $"{failure.GetType().Name}: {failure.Message}", null);
    }
}
