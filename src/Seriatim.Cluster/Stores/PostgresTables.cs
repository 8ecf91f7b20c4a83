using Npgsql;

namespace Seriatim.Cluster;

/// <summary>The tables of a <see cref="PostgresStore"/>.</summary>
internal static class PostgresTables
{
    /// <summary>
    /// By which silos that start at the same moment make them one after the other; any number that is always the same.
    /// </summary>
    private const long Lock = 0x5345_5249_4154_494D;

    private static readonly string[] Names = ["seriatim_cluster", "seriatim_silo", "seriatim_speech", "seriatim_durable"];

    private static readonly string[] Rights = ["SELECT", "INSERT", "UPDATE", "DELETE"];

    private const string Create = """
        create table if not exists seriatim_cluster (
            name text primary key,
            version integer not null);
        create table if not exists seriatim_silo (
            cluster text not null,
            silo text not null,
            status integer not null,
            name text not null,
            host text not null,
            proxy_port integer not null,
            role text not null,
            started timestamptz not null,
            alive timestamptz not null,
            suspects text not null,
            primary key (cluster, silo));
        create table if not exists seriatim_speech (
            cluster text not null,
            speech text not null,
            until timestamptz not null,
            primary key (cluster, speech));
        create table if not exists seriatim_durable (
            cluster text not null,
            number text not null,
            tag text not null,
            until timestamptz not null,
            record bytea not null,
            primary key (cluster, number));
        create index if not exists seriatim_durable_until on seriatim_durable (until);
        """;

    /// <summary>Makes those that are missing, and looks whether they may be used.</summary>
    /// <param name="source">The database.</param>
    /// <param name="user">Its user, for the message.</param>
    /// <param name="place">Where it is, for the message.</param>
    /// <exception cref="NpgsqlException">They may not be made, or the database cannot be reached.</exception>
    /// <exception cref="ClusterConfigurationException">They may not be used.</exception>
    public static async Task MakeAsync(NpgsqlDataSource source, string user, string place)
    {
        NpgsqlConnection connection = await source.OpenConnectionAsync().ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            // Who may not make tables uses those that are there.
            if (!await AreThereAsync(connection).ConfigureAwait(false))
                await CreateAsync(connection).ConfigureAwait(false);
            if (await MissingRightAsync(connection).ConfigureAwait(false) is { } missing)
            {
                throw new ClusterConfigurationException($"The user {user} of PostgreSQL at {place} lacks the right to {missing}. "
                    + $"GRANT SELECT, INSERT, UPDATE, DELETE ON {string.Join(", ", Names)} TO \"{user}\".");
            }
        }
    }

    private static async Task<bool> AreThereAsync(NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand("select count(to_regclass(name)) from unnest($1) as name", connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = Names });
            return (long)(await command.ExecuteScalarAsync().ConfigureAwait(false))! == Names.Length;
        }
    }

    private static async Task CreateAsync(NpgsqlConnection connection)
    {
        NpgsqlTransaction together = await connection.BeginTransactionAsync().ConfigureAwait(false);
        await using (together.ConfigureAwait(false))
        {
            var command = new NpgsqlCommand($"select pg_advisory_xact_lock({Lock}); {Create}", connection, together);
            await using (command.ConfigureAwait(false))
                await command.ExecuteNonQueryAsync().ConfigureAwait(false);
            await together.CommitAsync().ConfigureAwait(false);
        }
    }

    private static async Task<string?> MissingRightAsync(NpgsqlConnection connection)
    {
        var command = new NpgsqlCommand("""
            select part || ' ' || name from unnest($1) as name, unnest($2) as part
            where not has_table_privilege(name, part) limit 1
            """, connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = Names });
            command.Parameters.Add(new NpgsqlParameter { Value = Rights });
            return (string?)await command.ExecuteScalarAsync().ConfigureAwait(false);
        }
    }
}
