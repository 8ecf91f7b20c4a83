using System.Net;
using Orleans;
using Orleans.Runtime;

namespace Seriatim.Cluster.Tests;

/// <summary>The list of silos in PostgreSQL, as Orleans wants one to be.</summary>
public sealed class PostgresMembershipTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly DateTime Now = new(2026, 11, 28, 12, 0, 0, DateTimeKind.Utc);

    [PostgresFact]
    public async Task A_list_comes_back_as_it_was_written_and_others_do_not_see_it()
    {
        using PostgresStore store = Connected(postgres.NewAddress());
        IMembershipTable table = await TableAsync(store, "a");
        MembershipTableData empty = await table.ReadAllAsync(None);
        Assert.Equal((0, 0), (empty.Members.Count, empty.Version.Version));
        MembershipEntry one = Entry(1), two = Entry(2);
        two.SuspectTimes = [Tuple.Create(one.SiloAddress, Now.AddTicks(12_345_670)), Tuple.Create(two.SiloAddress, Now)];
        Assert.True(await table.InsertRowAsync(one, empty.Version.Next(), None));
        Assert.True(await table.InsertRowAsync(two, (await table.ReadAllAsync(None)).Version.Next(), None));
        MembershipTableData both = await table.ReadAllAsync(None);
        Assert.Equal(2, both.Version.Version);
        foreach (MembershipEntry entry in new[] { one, two })
        {
            Assert.Equal(entry.ToFullString(), both.TryGet(entry.SiloAddress)!.Item1.ToFullString());
            MembershipTableData row = await table.ReadRowAsync(entry.SiloAddress, None);
            Assert.Equal(both.Version, row.Version);
            Assert.Equal(entry.ToFullString(), Assert.Single(row.Members).Item1.ToFullString());
            Assert.Equal(("role", 3), (row.Members[0].Item1.RoleName, row.Members[0].Item1.ProxyPort));
        }

        MembershipTableData nobody = await table.ReadRowAsync(Entry(9).SiloAddress, None);
        Assert.Equal((0, both.Version), (nobody.Members.Count, nobody.Version));
        Assert.Empty((await (await TableAsync(store, "b")).ReadAllAsync(None)).Members);

        // Made already: the version stays.
        await table.InitializeMembershipTableAsync(true, None);
        Assert.Equal(both.Version, (await table.ReadAllAsync(None)).Version);
        await table.DeleteMembershipTableEntriesAsync("a", None);
        Assert.Empty((await table.ReadAllAsync(None)).Members);
    }

    [PostgresFact]
    public async Task Who_has_not_read_the_list_as_it_is_changes_nothing()
    {
        using PostgresStore store = Connected(postgres.NewAddress());
        IMembershipTable table = await TableAsync(store, "a");
        TableVersion first = (await table.ReadAllAsync(None)).Version;
        MembershipEntry one = Entry(1);
        Assert.True(await table.InsertRowAsync(one, first.Next(), None));
        MembershipTableData now = await table.ReadAllAsync(None);
        Assert.False(await table.InsertRowAsync(Entry(2), first.Next(), None));
        Assert.False(await table.InsertRowAsync(one, now.Version.Next(), None));
        one.Status = SiloStatus.Dead;
        Assert.False(await table.UpdateRowAsync(one, now.Members[0].Item2, first.Next(), None));
        Assert.False(await table.UpdateRowAsync(Entry(3), now.Members[0].Item2, now.Version.Next(), None));
        Assert.Equal(now.ToString(), (await table.ReadAllAsync(None)).ToString());
        Assert.True(await table.UpdateRowAsync(one, now.Members[0].Item2, now.Version.Next(), None));
        Assert.Equal(SiloStatus.Dead, (await table.ReadAllAsync(None)).Members[0].Item1.Status);

        // Of ten at once that have read the same one is the one.
        MembershipTableData read = await table.ReadAllAsync(None);
        bool[] wrote = await Task.WhenAll(Enumerable.Range(10, 10).Select(i => i % 2 == 0
            ? table.InsertRowAsync(Entry(i), read.Version.Next(), None)
            : table.UpdateRowAsync(one, read.Members[0].Item2, read.Version.Next(), None)));
        Assert.Single(wrote, did => did);
        Assert.Equal(read.Version.Version + 1, (await table.ReadAllAsync(None)).Version.Version);
    }

    [PostgresFact]
    public async Task Signs_of_life_change_no_version_and_silos_long_dead_are_forgotten()
    {
        using PostgresStore store = Connected(postgres.NewAddress());
        IMembershipTable table = await TableAsync(store, "a");
        for (int i = 1; i <= 3; i++)
        {
            MembershipEntry entry = Entry(i);
            entry.Status = i == 1 ? SiloStatus.Active : SiloStatus.Dead;
            Assert.True(await table.InsertRowAsync(entry, (await table.ReadAllAsync(None)).Version.Next(), None));
        }

        MembershipTableData before = await table.ReadAllAsync(None);
        MembershipEntry third = Entry(3);
        third.IAmAliveTime = Now.AddHours(2);
        await table.UpdateIAmAliveAsync(third, None);
        MembershipTableData after = await table.ReadAllAsync(None);
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(third.IAmAliveTime, after.TryGet(third.SiloAddress)!.Item1.IAmAliveTime);
        Assert.Equal(SiloStatus.Dead, after.TryGet(third.SiloAddress)!.Item1.Status);
        await table.CleanupDefunctSiloEntriesAsync(Now.AddHours(1), None);
        after = await table.ReadAllAsync(None);
        Assert.Equal([Entry(1).SiloAddress, third.SiloAddress],
            after.Members.Select(member => member.Item1.SiloAddress).OrderBy(silo => silo.Endpoint.Port));
    }

    private static PostgresStore Connected(string address)
    {
        var store = (PostgresStore)ClusterStores.Parse(address);
        store.Connect();
        return store;
    }

    private static async Task<IMembershipTable> TableAsync(PostgresStore store, string cluster)
    {
        IMembershipTable table = new PostgresMembership(store, cluster);
        await table.InitializeMembershipTableAsync(true, None);
        return table;
    }

    private static MembershipEntry Entry(int number) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Parse(number % 2 == 0 ? "::1" : "127.0.0.1"), 1000 + number, 7),
        Status = SiloStatus.Joining,
        SiloName = $"silo-{number}",
        HostName = "host",
        RoleName = "role",
        ProxyPort = 3,
        StartTime = Now,
        IAmAliveTime = Now.AddMilliseconds(1),
        SuspectTimes = [],
    };
}
