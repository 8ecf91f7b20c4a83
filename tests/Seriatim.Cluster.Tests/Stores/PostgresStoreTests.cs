using Microsoft.Extensions.DependencyInjection;

namespace Seriatim.Cluster.Tests;

/// <summary>PostgreSQL as the store of the membership.</summary>
public sealed class PostgresStoreTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task Silos_that_would_not_understand_each_other_do_not_start_in_one_cluster()
    {
        using IClusterStore store = ClusterStores.Parse(postgres.NewAddress());
        await StoreChecks.SpeechAsync(store);
    }

    [PostgresFact]
    public async Task A_silo_whose_clock_is_wrong_does_not_start()
    {
        using IClusterStore store = ClusterStores.Parse(postgres.NewAddress());
        await StoreChecks.ClockAsync(store);
    }

    [PostgresFact]
    public async Task Durable_requests_are_stored_until_their_time_is_over()
    {
        string database = postgres.Server.NewDatabase();
        using IClusterStore store = ClusterStores.Parse(postgres.Server.AddressOf(database));
        store.Connect();
        IKeptStore kept = Of(store, "one");
        await StoreChecks.KeptAsync(cluster => Of(store, cluster));

        // What is over is not there, before it is thrown away and after.
        string tag = (await kept.ReadAsync("m"))!.Value.Tag;
        postgres.Server.Execute(database, "update seriatim_durable set until = until - interval '2 minutes'");
        Assert.Null(await kept.ReadAsync("m"));
        await Assert.ThrowsAsync<KeptTakenException>(() => kept.WriteAsync("m", new KeptRecord(), tag));
        await kept.WriteAsync("m", new KeptRecord { Body = [1] }, null);
        await kept.WriteAsync("o", new KeptRecord { Body = [1] }, null);
        postgres.Server.Execute(database, "update seriatim_durable set until = clock_timestamp() where number = 'o'");
        await store.ThrowAwayAsync();
        (string number, DateTimeOffset until) = Assert.Single(await ((PostgresStore)store).ReadAsync(
            "select number, until from seriatim_durable", row => (row.GetString(0), row.GetFieldValue<DateTimeOffset>(1))));
        Assert.Equal("m", number);
        Assert.InRange(until - await store.ReadClockAsync(), TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [PostgresFact]
    public async Task A_disk_that_is_full_is_told_until_there_is_room()
    {
        string database = postgres.Server.NewDatabase();
        using IClusterStore store = ClusterStores.Parse(postgres.Server.AddressOf(database));
        store.Connect();
        using var watch = new MembershipStore(store, new ClusterMark(store, "a", "x", TimeProvider.System));
        postgres.Server.Execute(database, """
            create function full_disk() returns trigger language plpgsql as
                $$ begin raise exception sqlstate '53100' using message = 'No space left on device'; end $$;
            create trigger full_disk before insert or update on seriatim_durable for each row execute function full_disk();
            create trigger full_disk before insert or update on seriatim_speech for each row execute function full_disk();
            """);
        await StoreChecks.FailsAsync(Of(store, "one"));
        await watch.MarkAsync();
        Assert.Contains("No space left", watch.Failure);
        postgres.Server.Execute(database, "drop function full_disk() cascade");
        await watch.MarkAsync();
        Assert.Null(watch.Failure);
        await Of(store, "one").WriteAsync("f", new KeptRecord(), null);
    }

    [PostgresFact]
    public async Task A_database_that_goes_and_comes_back_is_used_again_at_once()
    {
        using var server = new PostgresServer();
        using IClusterStore store = ClusterStores.Parse(server.Address);
        store.Connect();
        IKeptStore kept = Of(store, "one");
        string tag = await kept.WriteAsync("n", new KeptRecord { Body = [1] }, null);
        await store.LookAsync();
        Assert.Null(store.Failure);

        // Connections that ended meanwhile are nobody's trouble.
        server.Stop();
        server.Start();
        tag = await kept.WriteAsync("n", new KeptRecord { Body = [2] }, tag);
        server.Stop();
        await StoreChecks.FailsAsync(kept);
        await store.LookAsync();
        Assert.Equal("PostgreSQL: Connection refused", store.Failure);
        server.Start();
        await store.LookAsync();
        Assert.Null(store.Failure);
        Assert.Equal(2, (await kept.ReadAsync("n"))!.Value.Record.Body[0]);
        await kept.WriteAsync("n", new KeptRecord(), tag);

        // One that was emptied is none.
        server.Execute("postgres", "drop table seriatim_cluster");
        await store.LookAsync();
        Assert.Contains("seriatim_cluster", store.Failure);
    }

    [PostgresFact]
    public async Task Silos_that_start_at_once_make_the_tables_together()
    {
        string address = postgres.NewAddress();
        IClusterStore[] stores = [.. Enumerable.Range(0, 8).Select(_ => ClusterStores.Parse(address))];
        await Task.WhenAll(stores.Select(store => Task.Factory.StartNew(store.Connect, TaskCreationOptions.LongRunning)));
        await Task.WhenAll(stores.Select(store => store.MarkAsync("a", "x", TimeSpan.FromHours(1))));
        foreach (IClusterStore store in stores)
        {
            await store.LookAsync();
            Assert.Null(store.Failure);
            store.Dispose();
        }
    }

    [PostgresFact]
    public void What_is_wrong_with_a_database_is_told_before_anything_starts()
    {
        PostgresServer server = postgres.Server;
        string database = server.NewDatabase(), made = server.NewDatabase(), only = server.NewDatabase();
        server.Execute("postgres", "create role guest login password 'g'; create role other login password 'o'");
        server.Execute("postgres", $"alter database {only} set default_transaction_read_only = on");
        Connect(server.AddressOf(made));
        foreach ((string wrong, string address) in new[]
        {
            ("password authentication failed", server.AddressOf(database, password: "secret")),
            ("password authentication failed", server.AddressOf(database, user: "nobody")),
            ("PGPASSWORD", $"postgres://ann@127.0.0.1:{server.Port}/{database}"),
            ("createdb", server.AddressOf("nothing")),
            ("cannot be used", $"postgres://ann:secret@127.0.0.1:1/{database}"),
            ("cannot be used", "postgres://ann:secret@nowhere.invalid/db"),
            ("GRANT CREATE", server.AddressOf(database, "guest", "g")),
            ("lacks the right to SELECT seriatim_cluster", server.AddressOf(made, "guest", "g")),
            ("can be written", server.AddressOf(only)),
        })
        {
            string said = Assert.Throws<ClusterConfigurationException>(() => Connect(address)).Message;
            Assert.Contains(wrong, said);
            Assert.DoesNotContain("secret", said);
            Assert.DoesNotContain(PostgresServer.Password, said);
        }

        // Who may not make tables may use those that are there.
        server.Execute(made, "grant select, insert, update, delete on seriatim_cluster, seriatim_silo, seriatim_speech, "
            + "seriatim_durable to guest");
        Connect(server.AddressOf(made, "guest", "g"));
    }

    [PostgresFact]
    public void What_is_said_is_encrypted_and_the_database_known_when_asked_for()
    {
        (string own, string other) = postgres.Server.Authorities;
        string address = postgres.NewAddress();
        Connect($"{address}?sslmode=require");
        Connect($"{address}?sslmode=verify-ca&sslrootcert={Uri.EscapeDataString(own)}");
        foreach (string wrong in new[]
        {
            $"verify-ca&sslrootcert={Uri.EscapeDataString(other)}", $"verify-full&sslrootcert={Uri.EscapeDataString(own)}",
            "verify-full", $"verify-ca&sslrootcert={Uri.EscapeDataString(own + ".not")}",
        })
        {
            string said = Assert.Throws<ClusterConfigurationException>(() => Connect($"{address}?sslmode={wrong}")).Message;
            Assert.Contains("cannot be used", said);
        }
    }

    private static void Connect(string address)
    {
        using IClusterStore store = ClusterStores.Parse(address);
        store.Connect();
    }

    private static IKeptStore Of(IClusterStore store, string cluster)
    {
        using ServiceProvider none = new ServiceCollection().BuildServiceProvider();
        return store.KeptOf(none, new ClusterOptions
        {
            Name = cluster,
            DurableTime = TimeSpan.FromMinutes(1),
            Silence = TimeSpan.FromSeconds(10),
        });
    }
}
