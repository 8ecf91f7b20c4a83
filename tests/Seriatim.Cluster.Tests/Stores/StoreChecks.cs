using Seriatim.Server.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>What is true of any store of the membership.</summary>
internal static class StoreChecks
{
    /// <summary>Silos that would not understand each other do not start in one cluster.</summary>
    public static async Task SpeechAsync(IClusterStore store)
    {
        store.Connect();
        var plain = new ClusterMark(store, "a", ClusterMark.SpeechOf(null), TimeProvider.System);
        var other = new ClusterMark(store, "a", "certificates", TimeProvider.System);
        Assert.Null(await plain.WriteAsync());
        Assert.Null(await plain.WriteAsync());
        string said = (await Assert.ThrowsAsync<ClusterConfigurationException>(other.RequireAsync)).Message;
        Assert.Contains("nothing is encrypted", said);
        Assert.Contains(store.Place, said);
        Assert.Null(await plain.WriteAsync());
        Assert.Null(await new ClusterMark(store, "b", "certificates", TimeProvider.System).WriteAsync());

        // Written for a time, after which it is as if it had not been.
        await store.MarkAsync("c", "x", TimeSpan.FromMilliseconds(1));
        await Eventually.Is(() => !store.MarkAsync("c", "y", TimeSpan.FromHours(1)).GetAwaiter().GetResult().Contains("x"));
    }

    /// <summary>A silo whose clock is wrong does not start.</summary>
    public static async Task ClockAsync(IClusterStore store)
    {
        store.Connect();
        await new ClusterMark(store, "a", "x", new WrongClock(TimeSpan.FromSeconds(-10))).RequireAsync();
        foreach ((int minutes, string how) in new[] { (5, "ahead of"), (-5, "behind") })
        {
            var wrong = new ClusterMark(store, "a", "x", new WrongClock(TimeSpan.FromMinutes(minutes)));
            string said = (await Assert.ThrowsAsync<ClusterConfigurationException>(wrong.RequireAsync)).Message;
            Assert.Matches($"clock is (299|300|301) s {how}", said);
        }
    }

    /// <summary>Who has not read a record as it is writes nothing, and clusters do not see each other's.</summary>
    /// <param name="of">The store of a cluster.</param>
    public static async Task KeptAsync(Func<string, IKeptStore> of)
    {
        IKeptStore store = of("one");
        var record = new KeptRecord { Body = [1, 2], Owner = "a", Prompts = [new KeptPrompt { State = [3] }] };
        Assert.Null(await store.ReadAsync("n"));
        string tag = await store.WriteAsync("n", record, null);
        (KeptRecord read, string same) = (await store.ReadAsync("n"))!.Value;
        Assert.Equal((tag, "a", 3), (same, read.Owner, read.Prompts[0].State[0]));
        string next = await store.WriteAsync("n", record with { Owner = "b" }, tag);
        await Assert.ThrowsAsync<KeptTakenException>(() => store.WriteAsync("n", record, tag));
        await Assert.ThrowsAsync<KeptTakenException>(() => store.WriteAsync("n", record, null));
        Assert.Null(await of("other").ReadAsync("n"));
        Assert.Equal("b", (await store.ReadAsync("n"))!.Value.Record.Owner);
        await store.ClearAsync("n");
        Assert.Null(await store.ReadAsync("n"));
        await Assert.ThrowsAsync<KeptTakenException>(() => store.WriteAsync("n", record, next));
        await of("other").ClearAsync("n");

        // Of two at once one learns that it is not the one.
        tag = await store.WriteAsync("m", record, null);
        Task<bool>[] both = [WroteAsync(store, record, tag), WroteAsync(of("one"), record, tag)];
        Assert.Single(await Task.WhenAll(both), wrote => wrote);
    }

    /// <summary>Cannot be written, and not because somebody else goes on.</summary>
    public static async Task FailsAsync(IKeptStore store)
    {
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => store.WriteAsync("f", new KeptRecord(), null));
        Assert.False(failure is KeptTakenException, failure.ToString());
    }

    private static async Task<bool> WroteAsync(IKeptStore store, KeptRecord record, string tag)
    {
        try
        {
            await store.WriteAsync("m", record, tag);
            return true;
        }
        catch (KeptTakenException)
        {
            return false;
        }
    }

    private sealed class WrongClock(TimeSpan wrong) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + wrong;
    }
}
