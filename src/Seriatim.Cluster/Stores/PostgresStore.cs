using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans;
using Orleans.Hosting;

namespace Seriatim.Cluster;

/// <summary>
/// A database of PostgreSQL: the list of silos, how they speak, and what is durable are four small tables, which the first silo
/// makes. All SQL is here and in the two classes beside it: nothing that the database holds is run.
/// </summary>
internal sealed class PostgresStore : IClusterStore
{
    private const int Port = 5432;

    /// <summary>Seconds for which it may be silent.</summary>
    private const int Patience = 5;

    /// <summary>Connections of a silo at most; a database has a hundred for all of them, as a rule.</summary>
    private const int MostConnections = 8;

    private readonly NpgsqlDataSource _source;
    private readonly string _user;
    private string _cluster = "";

    private PostgresStore(NpgsqlConnectionStringBuilder options, string place)
    {
        (Place, _user) = (place, options.Username ?? "");
        _source = NpgsqlDataSource.Create(options);
    }

    public string Kind => "postgres";

    public string Place { get; }

    public bool IsShared => true;

    public string? Failure { get; private set; }

    /// <summary>
    /// Reads an address: <c>postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=MODE][&amp;sslrootcert=FILE]</c>. A password
    /// that is not in it is that of <c>PGPASSWORD</c> or of the file <c>PGPASSFILE</c>.
    /// </summary>
    /// <exception cref="ClusterConfigurationException">A part is missing, or there is one that means nothing.</exception>
    public static PostgresStore Read(Uri uri)
    {
        string database = Uri.UnescapeDataString(uri.AbsolutePath.Trim('/'));
        (string? user, string? password) = ClusterStores.UserOf(uri);
        if (user is null || database.Length == 0)
        {
            throw ClusterStores.Wrong(uri.OriginalString,
                "a user and a database are needed: postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE");
        }

        var options = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host.Trim('[', ']'),
            Port = uri.Port < 0 ? Port : uri.Port,
            Username = user,
            Password = password,
            Database = database,
            ApplicationName = "seriatim",
            Timeout = Patience,
            CommandTimeout = Patience,

            // A database that hangs does not answer a request to cancel either.
            CancellationTimeout = -1,
            MaxPoolSize = MostConnections,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        foreach (string part in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
            Read(uri, options, part);
        return new PostgresStore(options, ClusterStores.PlaceOf(uri, Port));
    }

    public void Connect()
    {
        try
        {
            MakeAsync().GetAwaiter().GetResult();
        }
        catch (NpgsqlException failure)
        {
            throw Refused(failure);
        }
    }

    public async Task LookAsync()
    {
        try
        {
            // Of the list itself, so that a database which was emptied is noticed, too.
            IReadOnlyList<int> list = await ReadAsync("select version from seriatim_cluster where name = $1",
                row => row.GetInt32(0), _cluster).ConfigureAwait(false);
            Failure = list.Count > 0 || _cluster.Length == 0 ? null
                : $"PostgreSQL: there is no list of the cluster {_cluster} any more";
        }
        catch (Exception failure)
        {
            Failure = $"PostgreSQL: {KeptRequests.ReasonOf(failure)}";
        }
    }

    public async Task<DateTimeOffset> ReadClockAsync() =>
        (await ReadAsync("select clock_timestamp()", row => row.GetFieldValue<DateTimeOffset>(0)).ConfigureAwait(false))[0];

    public async Task<IReadOnlyList<string>> MarkAsync(string cluster, string speech, TimeSpan time)
    {
        await WriteAsync("delete from seriatim_speech where until <= clock_timestamp()").ConfigureAwait(false);
        await WriteAsync("""
            insert into seriatim_speech (cluster, speech, until) values ($1, $2, clock_timestamp() + $3)
            on conflict (cluster, speech) do update set until = excluded.until
            """, cluster, speech, time).ConfigureAwait(false);
        return await ReadAsync("select speech from seriatim_speech where cluster = $1 and until > clock_timestamp()",
            row => row.GetString(0), cluster).ConfigureAwait(false);
    }

    public Task UnmarkAsync(string cluster, string speech) =>
        WriteAsync("delete from seriatim_speech where cluster = $1 and speech = $2", cluster, speech);

    public Task ThrowAwayAsync() => PostgresKeptStore.ThrowAwayAsync(this);

    public void AddMembership(ISiloBuilder silo, ClusterOptions options) =>
        silo.Services.AddSingleton<IMembershipTable>(new PostgresMembership(this, _cluster = options.Name));

    public void AddKept(ISiloBuilder silo, ClusterOptions options)
    {
    }

    public IKeptStore KeptOf(IServiceProvider services, ClusterOptions options) =>
        new PostgresKeptStore(this, options.Name, options.DurableTime, options.StorePatience);

    public void Dispose() => _source.Dispose();

    /// <summary>The rows of a query.</summary>
    /// <param name="sql">The query, with <c>$1</c> and so on for the values.</param>
    /// <param name="read">Reads a row.</param>
    /// <param name="values">The values.</param>
    /// <exception cref="NpgsqlException">The database is gone, hangs, or refuses.</exception>
    public Task<IReadOnlyList<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] values) =>
        RunAsync<IReadOnlyList<T>>(async connection =>
        {
            NpgsqlCommand command = CommandOf(connection, null, sql, values);
            await using (command.ConfigureAwait(false))
            {
                NpgsqlDataReader rows = await command.ExecuteReaderAsync().ConfigureAwait(false);
                await using (rows.ConfigureAwait(false))
                {
                    var all = new List<T>();
                    while (await rows.ReadAsync().ConfigureAwait(false))
                        all.Add(read(rows));
                    return all;
                }
            }
        });

    /// <summary>Writes.</summary>
    /// <returns>How many rows were.</returns>
    /// <exception cref="NpgsqlException">The database is gone, hangs, is full, or refuses.</exception>
    public Task<int> WriteAsync(string sql, params object[] values) => RunAsync(async connection =>
    {
        NpgsqlCommand command = CommandOf(connection, null, sql, values);
        await using (command.ConfigureAwait(false))
            return await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    });

    /// <summary>Writes several things or none: as soon as one concerns no row, nothing was written.</summary>
    /// <returns>Whether all were.</returns>
    /// <exception cref="NpgsqlException">The database is gone, hangs, is full, or refuses.</exception>
    public Task<bool> WriteAllAsync(params (string Sql, object[] Values)[] all) => RunAsync(async connection =>
    {
        NpgsqlTransaction together = await connection.BeginTransactionAsync().ConfigureAwait(false);
        await using (together.ConfigureAwait(false))
        {
            foreach ((string sql, object[] values) in all)
            {
                NpgsqlCommand command = CommandOf(connection, together, sql, values);
                await using (command.ConfigureAwait(false))
                {
                    if (await command.ExecuteNonQueryAsync().ConfigureAwait(false) == 0)
                        return false;
                }
            }

            await together.CommitAsync().ConfigureAwait(false);
            return true;
        }
    });

    private static void Read(Uri uri, NpgsqlConnectionStringBuilder options, string part)
    {
        string[] pair = part.Split('=', 2);
        string value = pair.Length > 1 ? Uri.UnescapeDataString(pair[1]) : "";
        switch (pair[0])
        {
            case "sslmode":
                options.SslMode = value switch
                {
                    "disable" => SslMode.Disable,
                    "prefer" => SslMode.Prefer,
                    "require" => SslMode.Require,
                    "verify-ca" => SslMode.VerifyCA,
                    "verify-full" => SslMode.VerifyFull,
                    _ => throw ClusterStores.Wrong(uri.OriginalString, $"sslmode is {value}; disable, prefer, require, "
                        + "verify-ca and verify-full are there"),
                };
                break;
            case "sslrootcert" when value.Length > 0:
                options.RootCertificate = value;
                break;
            default:
                throw ClusterStores.Wrong(uri.OriginalString, $"{pair[0]} means nothing there; sslmode and sslrootcert do");
        }
    }

    private static NpgsqlCommand CommandOf(
        NpgsqlConnection connection, NpgsqlTransaction? together, string sql, object[] values)
    {
        var command = new NpgsqlCommand(sql, connection, together);
        foreach (object value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }

    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> work)
    {
        for (bool isAgain = false; ; isAgain = true)
        {
            try
            {
                NpgsqlConnection connection = await _source.OpenConnectionAsync().ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                    return await work(connection).ConfigureAwait(false);
            }
            catch (NpgsqlException failure) when (!isAgain && IsStale(failure))
            {
                // A connection that ended while nobody used it, as the others of the pool then have: a database that was started
                // again is no reason to refuse anything. What was asked can be asked twice.
                _source.Clear();
            }
        }
    }

    private static bool IsStale(NpgsqlException failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown }
        || failure.InnerException is IOException;

    private Task MakeAsync() => PostgresTables.MakeAsync(_source, _user, Place);

    private ClusterConfigurationException Refused(NpgsqlException failure)
    {
        string reason = failure is PostgresException { MessageText: var text } ? text : KeptRequests.ReasonOf(failure);
        string next = (failure as PostgresException)?.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                "Give its user and password, in the address or in PGPASSWORD.",
            PostgresErrorCodes.InvalidCatalogName => "Create it (createdb), or give the name of one that is there.",
            PostgresErrorCodes.InsufficientPrivilege => $"Let {_user} make tables there (GRANT CREATE ON SCHEMA public TO "
                + $"\"{_user}\"), or start one silo as a user who may.",
            PostgresErrorCodes.ReadOnlySqlTransaction => "Give the address of one that can be written.",
            null when failure.InnerException is not (SocketException or TimeoutException) =>
                "See that user, password (of the address or PGPASSWORD) and sslmode are what it wants.",
            null => "Start it, or give the address of one that runs.",
            _ => "See what its log says.",
        };
        return new ClusterConfigurationException($"PostgreSQL at {Place} cannot be used: {reason.TrimEnd('.')}. {next}");
    }
}
