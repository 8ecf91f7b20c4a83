using Npgsql;
using Seriatim.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>
/// A PostgreSQL of the test's own, with TLS for those who ask for it. It refuses to run as root: then it runs as nobody.
/// </summary>
internal sealed class PostgresServer : IStoreServer
{
    /// <summary>Its user, who may do everything, and his password, which has in it what has a meaning in addresses.</summary>
    public const string User = "ann", Password = "p@ss/w#rd";

    private const string Versions = "/usr/lib/postgresql";

    /// <summary>Debian has its programs in a folder a version, and not in the path.</summary>
    private static readonly string? Programs = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Concat(Directory.Exists(Versions) ? Directory.GetDirectories(Versions).Order().Select(one => $"{one}/bin") : [])
        .LastOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));

    private readonly TempFolder _papers = new();
    private readonly string _data = Path.Combine(Path.GetTempPath(), $"seriatim-postgres-{Guid.NewGuid():N}");
    private ServerProcess? _process;
    private int _databases;

    public PostgresServer()
    {
        // Where another user can read it.
        string secret = Path.Combine(Path.GetTempPath(), $"seriatim-postgres-{Guid.NewGuid():N}.secret");
        File.WriteAllText(secret, Password);
        ServerProcess.Run([.. As, Path.Combine(Programs!, "initdb"), "-D", _data, "-U", User, "-A", "scram-sha-256", "--pwfile",
            secret, "-N", "-E", "UTF8", "--locale=C"]);
        File.Delete(secret);
        string paper = TestCertificates.Write(_papers.Path, "server", "ca");
        TestCertificates.Write(_papers.Path, "stranger", "else");
        ServerProcess.Run(["install", .. As.Length == 0 ? (string[])[] : ["-o", "nobody", "-g", "nogroup"], "-m", "600", paper,
            Paper]);
        Start();
    }

    /// <summary>Whether this machine has it.</summary>
    public static bool IsThere => Programs is not null;

    public int Port { get; } = ServerProcess.FreePort();

    public string Address => AddressOf("postgres");

    /// <summary>Files of the authority of its certificate, and of another.</summary>
    public (string Own, string Other) Authorities => (_papers.File("ca.pem"), _papers.File("else.pem"));

    private static string[] As => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"] : [];

    private string Paper => Path.Combine(_data, "server.pem");

    /// <summary>The address of one of its databases.</summary>
    public string AddressOf(string database, string user = User, string password = Password) =>
        $"postgres://{user}:{Uri.EscapeDataString(password)}@127.0.0.1:{Port}/{database}";

    /// <summary>Makes a database.</summary>
    /// <returns>Its name.</returns>
    public string NewDatabase()
    {
        string name = $"test_{Interlocked.Increment(ref _databases)}";
        Execute("postgres", $"create database {name}");
        return name;
    }

    /// <summary>Runs SQL as who may do everything.</summary>
    public void Execute(string database, string sql)
    {
        using NpgsqlDataSource source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = Port,
            Username = User,
            Password = Password,
            Database = database,
            Pooling = false,
        });
        using NpgsqlCommand command = source.CreateCommand(sql);
        command.ExecuteNonQuery();
    }

    public void Start() => _process = new ServerProcess([.. As, Path.Combine(Programs!, "postgres"), "-D", _data,
        "-c", $"port={Port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
        "-c", "shared_buffers=16MB", "-c", "ssl=on", "-c", $"ssl_cert_file={Paper}", "-c", $"ssl_key_file={Paper}"],
        "ready to accept connections");

    public void Stop()
    {
        _process?.End("INT");
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Stop();
        Directory.Delete(_data, recursive: true);
        _papers.Dispose();
    }
}
