using System.Globalization;
using Npgsql;
using Orleans;
using Orleans.Runtime;

namespace Seriatim.Cluster;

/// <summary>
/// The list of silos in PostgreSQL. It has a version: who changes who is in it has read the version before, and of two who do so
/// at once one learns that it has to read again.
/// </summary>
/// <param name="store">The database.</param>
/// <param name="cluster">The cluster: lists of others are beside it.</param>
internal sealed class PostgresMembership(PostgresStore store, string cluster) : IMembershipTable
{
    private const string Columns = "s.silo, s.status, s.name, s.host, s.proxy_port, s.role, s.started, s.alive, s.suspects";

    /// <summary>
    /// Version and rows in one query, so that they belong together; a row of a version alone where there are no silos.
    /// </summary>
    private const string Select = $"""
        select c.version, {Columns} from seriatim_cluster c left join seriatim_silo s on s.cluster = c.name
        """;

    private const string Raise = "update seriatim_cluster set version = $3 where name = $1 and version = $2";

    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        if (tryInitTableVersion)
        {
            await store.WriteAsync("insert into seriatim_cluster (name, version) values ($1, 0) on conflict (name) do nothing",
                cluster).ConfigureAwait(false);
        }
    }

    public async Task<MembershipTableData> ReadAll() =>
        DataOf(await store.ReadAsync($"{Select} where c.name = $1", ReadRow, cluster).ConfigureAwait(false));

    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return DataOf(await store.ReadAsync($"{Select} and s.silo = $2 where c.name = $1", ReadRow, cluster,
            key.ToParsableString()).ConfigureAwait(false));
    }

    public async Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion)
    {
        try
        {
            return await store.WriteAllAsync((Raise, RaiseOf(tableVersion)), ("""
                insert into seriatim_silo
                    (cluster, silo, status, name, host, proxy_port, role, started, alive, suspects)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """, ValuesOf(entry))).ConfigureAwait(false);
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // It is there, and the version is as it was.
            return false;
        }
    }

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) =>
        store.WriteAllAsync((Raise, RaiseOf(tableVersion)), ("""
            update seriatim_silo set status = $3, name = $4, host = $5, proxy_port = $6, role = $7, started = $8, alive = $9,
                suspects = $10
            where cluster = $1 and silo = $2
            """, ValuesOf(entry)));

    public async Task UpdateIAmAlive(MembershipEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        await store.WriteAsync("update seriatim_silo set alive = $3 where cluster = $1 and silo = $2", cluster,
            entry.SiloAddress.ToParsableString(), Time(entry.IAmAliveTime)).ConfigureAwait(false);
    }

    public async Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => await store.WriteAsync(
        "delete from seriatim_silo where cluster = $1 and status <> $2 and greatest(alive, started) < $3",
        cluster, (int)SiloStatus.Active, beforeDate.ToUniversalTime()).ConfigureAwait(false);

    public async Task DeleteMembershipTableEntries(string clusterId)
    {
        await store.WriteAsync("delete from seriatim_silo where cluster = $1", clusterId).ConfigureAwait(false);
        await store.WriteAsync("delete from seriatim_cluster where name = $1", clusterId).ConfigureAwait(false);
    }

    private static MembershipTableData DataOf(IReadOnlyList<(int Version, MembershipEntry? Entry)> rows)
    {
        // Without a row the database was emptied: a version that nothing can be written by, as in Redis.
        var version = rows.Count == 0 ? new TableVersion(0, "0") : new TableVersion(rows[0].Version, Text(rows[0].Version));
        return new MembershipTableData(
            [.. rows.Where(row => row.Entry is not null).Select(row => Tuple.Create(row.Entry!, version.VersionEtag))], version);
    }

    private static (int Version, MembershipEntry? Entry) ReadRow(NpgsqlDataReader row) => (row.GetInt32(0),
        row.IsDBNull(1) ? null : new MembershipEntry
        {
            SiloAddress = SiloAddress.FromParsableString(row.GetString(1)),
            Status = (SiloStatus)row.GetInt32(2),
            SiloName = row.GetString(3),
            HostName = row.GetString(4),
            ProxyPort = row.GetInt32(5),
            RoleName = row.GetString(6),
            StartTime = row.GetDateTime(7),
            IAmAliveTime = row.GetDateTime(8),
            SuspectTimes = [.. row.GetString(9).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ReadSuspect)],
        });

    /// <summary>Who suspects a silo, and since when: <c>SILO TIME</c>.</summary>
    private static Tuple<SiloAddress, DateTime> ReadSuspect(string line)
    {
        string[] pair = line.Split(' ', 2);
        return Tuple.Create(SiloAddress.FromParsableString(pair[0]),
            DateTime.Parse(pair[1], CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind));
    }

    private static string SuspectsOf(MembershipEntry entry) => string.Join('\n', (entry.SuspectTimes ?? []).Select(one =>
        $"{one.Item1.ToParsableString()} {Time(one.Item2).ToString("O", CultureInfo.InvariantCulture)}"));

    private static string Text(int version) => version.ToString(CultureInfo.InvariantCulture);

    private static DateTime Time(DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Utc);

    private object[] ValuesOf(MembershipEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return
        [
            cluster, entry.SiloAddress.ToParsableString(), (int)entry.Status, entry.SiloName ?? "", entry.HostName ?? "",
            entry.ProxyPort, entry.RoleName ?? "", Time(entry.StartTime), Time(entry.IAmAliveTime), SuspectsOf(entry),
        ];
    }

    private object[] RaiseOf(TableVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return [cluster, int.Parse(version.VersionEtag, CultureInfo.InvariantCulture), version.Version];
    }
}
