using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace Seriatim.Cluster.Tests;

/// <summary>Redis as the store of the membership.</summary>
public sealed class RedisStoreTests : IDisposable
{
    private readonly Lazy<RedisServer> _redis = new(() => new RedisServer());

    public void Dispose()
    {
        if (_redis.IsValueCreated)
            _redis.Value.Dispose();
    }

    [RedisFact]
    public async Task Silos_that_would_not_understand_each_other_do_not_start_in_one_cluster()
    {
        using IClusterStore store = ClusterStores.Parse(_redis.Value.Address);
        await StoreChecks.SpeechAsync(store);
    }

    [RedisFact]
    public async Task A_silo_whose_clock_is_wrong_does_not_start()
    {
        using IClusterStore store = ClusterStores.Parse(_redis.Value.Address);
        await StoreChecks.ClockAsync(store);
    }

    [RedisFact]
    public async Task Durable_requests_are_stored_until_their_time_is_over()
    {
        RedisServer redis = _redis.Value;
        using IClusterStore store = ClusterStores.Parse(redis.Address);
        store.Connect();
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => store.AddKept(silo.UseLocalhostClustering(ServerProcess.FreePort(), 0, clusterId: "x"),
            new ClusterOptions { DurableTime = TimeSpan.FromSeconds(10) }));
        using IHost host = builder.Build();
        await host.StartAsync();
        IKeptStore Of(string cluster) => store.KeptOf(host.Services, new ClusterOptions { Name = cluster });
        await StoreChecks.KeptAsync(Of);
        using var client =
            await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{redis.Port},allowAdmin=true");
        StackExchange.Redis.RedisKey[] keys = [.. client.GetServer("127.0.0.1", redis.Port).Keys(pattern: "*durable-one*")];
        Assert.NotEmpty(keys);
        foreach (StackExchange.Redis.RedisKey key in keys)
            Assert.InRange((await client.GetDatabase().KeyTimeToLiveAsync(key))!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(10));

        // A store that is full or gone is an error of its own.
        await client.GetServer("127.0.0.1", redis.Port).ExecuteAsync("CONFIG", "SET", "maxmemory", "1");
        await StoreChecks.FailsAsync(Of("one"));
        var watch = new MembershipStore(store, new ClusterMark(store, "a", "x", TimeProvider.System));
        await watch.MarkAsync();
        Assert.Contains("maxmemory", watch.Failure);
        await client.GetServer("127.0.0.1", redis.Port).ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        await watch.MarkAsync();
        Assert.Null(watch.Failure);
        redis.Stop();
        await StoreChecks.FailsAsync(Of("one"));
        await host.StopAsync();
    }
}
