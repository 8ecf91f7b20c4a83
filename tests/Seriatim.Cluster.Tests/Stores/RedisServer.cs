using Seriatim.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>A Redis of the test's own.</summary>
internal sealed class RedisServer : IStoreServer
{
    private readonly TempFolder _folder = new();
    private ServerProcess? _process;

    public RedisServer() => Start();

    /// <summary>Whether this machine has it.</summary>
    public static bool IsThere { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    public int Port { get; } = ServerProcess.FreePort();

    public string Address => $"redis://127.0.0.1:{Port}";

    public void Start() => _process = new ServerProcess(["redis-server", "--port", $"{Port}", "--bind", "127.0.0.1", "--save", "",
        "--dir", _folder.Path, "--appendonly", "yes", "--appendfsync", "always"], "Ready to accept");

    public void Stop()
    {
        _process?.End("KILL");
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Stop();
        _folder.Dispose();
    }
}
