namespace Seriatim.Cluster;

/// <summary>Durable requests as rows of PostgreSQL, each with a time after which it is as if it were not there.</summary>
/// <param name="store">The database.</param>
/// <param name="cluster">The cluster: others that share the database do not see its records.</param>
/// <param name="time">How long a record is kept after it was written last.</param>
/// <param name="patience">How long the database may take to answer.</param>
internal sealed class PostgresKeptStore(PostgresStore store, string cluster, TimeSpan time, TimeSpan patience) : IKeptStore
{
    private static readonly KeptSerializer Json = new();

    public bool ThrowsAway => true;

    public async Task<(KeptRecord Record, string Tag)?> ReadAsync(string number)
    {
        IReadOnlyList<(byte[] Record, string Tag)> rows = await store.ReadAsync("""
            select record, tag from seriatim_durable where cluster = $1 and number = $2 and until > clock_timestamp()
            """, row => (row.GetFieldValue<byte[]>(0), row.GetString(1)), cluster, number)
            .WaitAsync(patience).ConfigureAwait(false);
        return rows.Count == 0 || rows[0].Record.Length == 0 ? null
            : (Json.Deserialize<KeptRecord>(new BinaryData(rows[0].Record)), rows[0].Tag);
    }

    public async Task<string> WriteAsync(string number, KeptRecord record, string? tag)
    {
        // The new tag is made here: where the answer to a write was lost and it is written once more, it is known again.
        string next = Guid.NewGuid().ToString("N");
        int written = await (tag is null ? store.WriteAsync("""
            insert into seriatim_durable as d (cluster, number, tag, until, record)
            values ($1, $2, $3, clock_timestamp() + $4, $5)
            on conflict (cluster, number) do update set tag = excluded.tag, until = excluded.until, record = excluded.record
            where d.until <= clock_timestamp() or d.tag = excluded.tag
            """, cluster, number, next, time, Json.Serialize(record).ToArray()) : store.WriteAsync("""
            update seriatim_durable set tag = $3, until = clock_timestamp() + $4, record = $5
            where cluster = $1 and number = $2 and tag in ($3, $6) and until > clock_timestamp()
            """, cluster, number, next, time, Json.Serialize(record).ToArray(), tag))
            .WaitAsync(patience).ConfigureAwait(false);
        return written > 0 ? next : throw new KeptTakenException();
    }

    public async Task ClearAsync(string number) =>
        await store.WriteAsync("""
            insert into seriatim_durable (cluster, number, tag, until, record)
            values ($1, $2, $3, clock_timestamp() + $4, '')
            on conflict (cluster, number) do update set tag = excluded.tag, until = excluded.until, record = excluded.record
            """, cluster, number, Guid.NewGuid().ToString("N"), time).WaitAsync(patience).ConfigureAwait(false);

    /// <summary>
    /// Deletes what is over, of any cluster; a row that somebody else is about to delete is left to him, so that two silos never
    /// wait for each other.
    /// </summary>
    public static async Task ThrowAwayAsync(PostgresStore store) => await store.WriteAsync("""
        delete from seriatim_durable where (cluster, number) in (
            select cluster, number from seriatim_durable where until <= clock_timestamp() for update skip locked)
        and until <= clock_timestamp()
        """).ConfigureAwait(false);
}
