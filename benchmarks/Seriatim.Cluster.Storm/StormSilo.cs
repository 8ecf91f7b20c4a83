using System.Diagnostics;
using System.Globalization;

namespace Seriatim.Cluster.Storm;

/// <summary>A silo in a process of its own, which is started again whenever it ends.</summary>
internal sealed class StormSilo : IDisposable
{
    /// <summary>Where Debian has the library that makes a clock wrong.</summary>
    public const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

    private const int Port = 8080;

    /// <summary>How long the faults of a silo may last once it was signalled, its start with them.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(30);

    private readonly StormNetwork _network;
    private readonly string[] _command;
    private readonly string _log;
    private readonly string? _skew;
    private Process? _process;
    private volatile bool _isOver;
    private long _disturbed;

    /// <param name="network">Where.</param>
    /// <param name="number">Which.</param>
    /// <param name="model">The folder of its model.</param>
    /// <param name="cluster">The address of the membership; null: it is in no cluster.</param>
    /// <param name="folder">Where its log goes.</param>
    /// <param name="skew">By how much its clock is wrong, as libfaketime has it: +20s; null: it is right.</param>
    public StormSilo(StormNetwork network, int number, string model, string? cluster, string folder, string? skew = null)
    {
        (_network, Number, _skew, _log) = (network, number, skew, Path.Combine(folder, $"silo-{number}.log"));
        string program = Path.Combine(Seriatim.Tests.Repository.Root, "src", "Seriatim.Cli", "bin", "Release", "net10.0",
            "Seriatim.Cli.dll");
        if (!File.Exists(program))
            throw new InvalidOperationException($"{program} is missing; build src/Seriatim.Cli in Release.");
        string address = network.AddressOf(number);
        _command = ["dotnet", program, "serve", "-m", $"{model}=tiny", "--host", address, "--port", $"{Port}", "--threads", "1",
            .. cluster is null ? [] : new[] { "--cluster", cluster, "--cluster-address", address, "--cluster-port", "11111" }];
        Url = new Uri($"http://{address}:{Port}");
        Start();
    }

    public int Number { get; }

    public Uri Url { get; }

    /// <summary>How often it was started.</summary>
    public int Starts { get; private set; }

    /// <summary>Whether it is at fault, or was a moment ago: what it then says is none of its own.</summary>
    public bool IsDisturbed => Volatile.Read(ref _disturbed) is var since and not 0
        && Stopwatch.GetElapsedTime(since) < Calm;

    /// <summary>It is being signalled or cut off from others.</summary>
    public void Disturb() => Volatile.Write(ref _disturbed, Stopwatch.GetTimestamp());

    /// <summary>Signals it: 9, or 19 and 18 to stop it and let it go on.</summary>
    public void Signal(int signal)
    {
        if (_process is not { HasExited: false } process)
            return;
        Disturb();
        Signal(process, signal);
    }

    /// <summary>Signals a process.</summary>
    public static void Signal(Process process, int signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal.ToString(CultureInfo.InvariantCulture)}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until it has opened its model.</summary>
    public async Task ReadyAsync(HttpClient client, CancellationToken ending)
    {
        while (true)
        {
            try
            {
                using HttpResponseMessage answer = await client.GetAsync(new Uri(Url, "/ready"), ending);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // Not yet.
            }

            await Task.Delay(200, ending);
        }
    }

    public void Dispose()
    {
        _isOver = true;
        Signal(18);
        Signal(9);
        _process?.WaitForExit();
        _process?.Dispose();
    }

    private void Start()
    {
        Starts++;
        string[] command = [.. _network.Within(Number, _command)];
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" >> \"$0\" 2>&1", _log, .. command]);
        if (_skew is not null)
        {
            start.Environment["LD_PRELOAD"] = FakeTime;
            start.Environment["FAKETIME"] = _skew;

            // What waits is to wait as long as it means to.
            start.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
            start.Environment["FAKETIME_FORCE_MONOTONIC_FIX"] = "0";
        }

        var process = Process.Start(start)!;
        process.EnableRaisingEvents = true;
        _process = process;
        process.Exited += (_, _) =>
        {
            if (!_isOver)
                Start();
        };
    }
}
