using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Seriatim.Cluster.Tests;

/// <summary>The process of a server, which says when it is ready.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    /// <param name="command">What to run.</param>
    /// <param name="ready">What it says when it can be used.</param>
    public ServerProcess(IReadOnlyList<string> command, string ready)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["LC_ALL"] = "C";
        _process = Process.Start(start)!;
        var said = new TaskCompletionSource();
        void Listen(string? line)
        {
            if (line?.Contains(ready, StringComparison.Ordinal) == true)
                said.TrySetResult();
        }

        _process.OutputDataReceived += (_, line) => Listen(line.Data);
        _process.ErrorDataReceived += (_, line) => Listen(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Task.WhenAny(said.Task, _process.WaitForExitAsync()).GetAwaiter().GetResult();
        Assert.False(_process.HasExited, $"{command[0]} ended at once.");
    }

    /// <summary>A port that nobody listens at.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a program to its end.</summary>
    public static void Run(params IReadOnlyList<string> command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command[0]}: {output.Result} {error.Result}");
    }

    /// <summary>Ends it by a signal, and waits for its end.</summary>
    public void End(string signal)
    {
        Run("kill", $"-{signal}", $"{_process.Id}");
        _process.WaitForExit();
    }

    public void Dispose() => _process.Dispose();
}
