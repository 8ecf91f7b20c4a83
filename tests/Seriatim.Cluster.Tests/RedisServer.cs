using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Seriatim.Cluster.Tests;

/// <summary>A Redis of the test's own, at a free port.</summary>
internal sealed class RedisServer : IDisposable
{
    private readonly Process _process;
    private bool _isDisposed;

    /// <param name="port">Where it listens.</param>
    /// <param name="folder">Where it keeps what it knows: one that comes back knows it again.</param>
    public RedisServer(int port, string folder)
    {
        Port = port;
        _process = Process.Start(new ProcessStartInfo("redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "",
            "--dir", folder, "--appendonly", "yes", "--appendfsync", "always"])
        {
            RedirectStandardOutput = true,
        })!;
        var ready = new TaskCompletionSource();
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null || line.Data.Contains("Ready to accept", StringComparison.Ordinal))
                ready.TrySetResult();
        };
        _process.BeginOutputReadLine();
        ready.Task.GetAwaiter().GetResult();
    }

    /// <summary>Whether this machine has it.</summary>
    public static bool IsThere { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    public int Port { get; }

    public string Address => $"redis://127.0.0.1:{Port}";

    /// <summary>A port that nobody listens at.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
