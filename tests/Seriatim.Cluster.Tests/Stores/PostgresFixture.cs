namespace Seriatim.Cluster.Tests;

/// <summary>
/// One PostgreSQL for the tests of a class, each of which has a database of its own; started by the first that asks.
/// </summary>
public sealed class PostgresFixture : IDisposable
{
    private readonly Lazy<PostgresServer> _server = new(() => new PostgresServer());

    internal PostgresServer Server => _server.Value;

    /// <summary>The address of a database that is new.</summary>
    internal string NewAddress() => Server.AddressOf(Server.NewDatabase());

    public void Dispose()
    {
        if (_server.IsValueCreated)
            _server.Value.Dispose();
    }
}
