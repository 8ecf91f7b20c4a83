using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Seriatim.Cluster.Benchmarks;

/// <summary>Servers of a cluster, each a process, with a Redis of their own.</summary>
internal sealed class Processes : IAsyncDisposable
{
    private static readonly List<Process> Started = [];

    private readonly List<Process> _all = [];

    private Processes(HttpClient[] doors) => Doors = doors;

    /// <summary>A client for each.</summary>
    public HttpClient[] Doors { get; }

    /// <summary>Starts them, and waits until each sees all.</summary>
    public static async Task<Processes> StartAsync(int count, string[] serve)
    {
        int redis = FreePort();
        int[] ports = [.. Enumerable.Range(0, count).Select(_ => FreePort())];
        var processes = new Processes([.. ports.Select(port => new HttpClient
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}"),
            Timeout = TimeSpan.FromMinutes(30),
        })]);
        try
        {
            processes.Start("redis-server", ["--port", $"{redis}", "--save", "", "--bind", "127.0.0.1"]);
            string program = Path.Combine(AppContext.BaseDirectory, "Seriatim.Cli.dll");
            // The names of silos begin with their addresses, and by names the router decides between equals: they are in the
            // order of the doors, as in the simulation.
            int[] silos = [.. ports.Select(_ => FreePort()).Order()];
            foreach ((int port, int silo) in ports.Zip(silos))
            {
                processes.Start("dotnet", [
                    program, "serve", .. serve, "--port", $"{port}", "--cluster", $"redis://127.0.0.1:{redis}",
                    "--cluster-address", "127.0.0.1", "--cluster-port", $"{silo}"]);
            }

            foreach (HttpClient door in processes.Doors)
                await WaitAsync(door, count);
            return processes;
        }
        catch
        {
            await processes.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whoever is told to end leaves none behind.</summary>
    public static void KillAll()
    {
        lock (Started)
        {
            foreach (Process process in Started)
                process.Kill();
            Started.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _all)
        {
            lock (Started)
                Started.Remove(process);
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        foreach (HttpClient door in Doors)
            door.Dispose();
    }

    private static async Task WaitAsync(HttpClient door, int count)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                using JsonDocument answer = JsonDocument.Parse(await door.GetStringAsync("/v1/cluster"));
                int active = answer.RootElement.GetProperty("silos").EnumerateArray().Count(silo =>
                    silo.GetProperty("state").GetString() == "active" && silo.GetProperty("models").EnumerateArray()
                        .Any(model => model.GetProperty("fingerprint").ValueKind == JsonValueKind.String));
                if (active == count)
                    return;
            }
            catch (HttpRequestException) when (tries < 600)
            {
                // It is not there yet.
            }

            if (tries == 600)
                throw new InvalidOperationException($"{door.BaseAddress} does not see {count} silos after five minutes.");
            await Task.Delay(500);
        }
    }

    private void Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        Process process = Process.Start(start)!;
        _all.Add(process);
        lock (Started)
            Started.Add(process);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text && text.StartsWith("seriatim:", StringComparison.Ordinal))
                Console.Error.WriteLine($"{program} {process.Id}: {text}");
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
