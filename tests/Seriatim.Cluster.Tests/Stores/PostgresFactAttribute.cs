namespace Seriatim.Cluster.Tests;

/// <summary>A test that needs PostgreSQL.</summary>
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (!PostgresServer.IsThere)
            Skip = "PostgreSQL's server is not installed here (Debian: postgresql-15).";
    }
}
