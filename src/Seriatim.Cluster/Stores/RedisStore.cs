using Microsoft.Extensions.Hosting;
using Orleans.Persistence;
using StackExchange.Redis;

namespace Seriatim.Cluster;

/// <summary>Redis: Orleans' own membership and storage, over one connection.</summary>
internal sealed class RedisStore : IClusterStore
{
    private const int Port = 6379;

    private IConnectionMultiplexer? _redis;

    private RedisStore(ConfigurationOptions options, string place) => (Options, Place) = (options, place);

    public string Kind => "redis";

    public string Place { get; }

    public bool IsShared => true;

    /// <summary>Known at once, as the connection looks after itself.</summary>
    public string? Failure => _redis is { IsConnected: true } ? null : "no connection to Redis";

    /// <summary>How it is reached.</summary>
    public ConfigurationOptions Options { get; }

    /// <summary>The connection.</summary>
    public IConnectionMultiplexer Redis => _redis ?? throw new InvalidOperationException("Redis is not connected to yet.");

    /// <summary>Reads an address: <c>redis[s]://[USER:PASSWORD@]HOST[:PORT][/DATABASE]</c>.</summary>
    /// <exception cref="ClusterConfigurationException">The database is no number.</exception>
    public static RedisStore Read(Uri uri)
    {
        string path = uri.AbsolutePath.Trim('/');
        int database = 0;
        if (path.Length > 0 && (!int.TryParse(path, out database) || database < 0))
            throw ClusterStores.Wrong(uri.OriginalString, $"{path} is no number of a database; 0 or more is needed");
        var options = new ConfigurationOptions
        {
            DefaultDatabase = database,
            Ssl = uri.Scheme == "rediss",

            // Who starts is told at once that there is no Redis; whoever runs goes on without and comes back to it.
            AbortOnConnectFail = true,
            BacklogPolicy = BacklogPolicy.FailFast,
            ConnectRetry = 1,
            ConnectTimeout = 3000,
        };
        options.EndPoints.Add(uri.Host.Trim('[', ']'), uri.Port < 0 ? Port : uri.Port);
        if (ClusterStores.UserOf(uri) is { Password: { } password } user)
            (options.User, options.Password) = (user.User, password);
        return new RedisStore(options, ClusterStores.PlaceOf(uri, Port));
    }

    public void Connect()
    {
        try
        {
            _redis = ConnectionMultiplexer.Connect(Options);
        }
        catch (RedisException failure)
        {
            throw new ClusterConfigurationException($"Redis at {Place} cannot be reached: {failure.Message} Start it, or give "
                + "the address of one that runs.");
        }
    }

    public Task LookAsync() => Task.CompletedTask;

    public async Task<DateTimeOffset> ReadClockAsync()
    {
        IServer server = Redis.GetServers().First(one => one.IsConnected);
        return new DateTimeOffset(await server.TimeAsync().ConfigureAwait(false), TimeSpan.Zero);
    }

    public async Task<IReadOnlyList<string>> MarkAsync(string cluster, string speech, TimeSpan time)
    {
        IDatabase database = Redis.GetDatabase();
        await database.SetAddAsync(KeyOf(cluster), speech).ConfigureAwait(false);
        await database.KeyExpireAsync(KeyOf(cluster), 10 * time).ConfigureAwait(false);
        await database.StringSetAsync(KeyOf(cluster, speech), "", time).ConfigureAwait(false);
        var there = new List<string>();
        foreach (RedisValue one in await database.SetMembersAsync(KeyOf(cluster)).ConfigureAwait(false))
        {
            if (await database.KeyExistsAsync(KeyOf(cluster, one!)).ConfigureAwait(false))
                there.Add(one!);
        }

        return there;
    }

    public Task UnmarkAsync(string cluster, string speech) => Redis.GetDatabase().KeyDeleteAsync(KeyOf(cluster, speech));

    /// <summary>Redis does so by itself.</summary>
    public Task ThrowAwayAsync() => Task.CompletedTask;

    public void AddMembership(ISiloBuilder silo, ClusterOptions options) => silo.UseRedisClustering(clustering =>
    {
        clustering.ConfigurationOptions = Options;
        clustering.CreateMultiplexer = _ => Task.FromResult((Redis, true));
    });

    public void AddKept(ISiloBuilder silo, ClusterOptions options) => silo.AddRedisGrainStorage(GrainKeptStore.Name, storage =>
    {
        storage.ConfigurationOptions = Options;
        storage.EntryExpiry = options.DurableTime;
        storage.GrainStorageSerializer = new KeptSerializer();
    });

    public IKeptStore KeptOf(IServiceProvider services, ClusterOptions options) =>
        GrainKeptStore.Of(services, options, throwsAway: true);

    public void Dispose() => _redis?.Dispose();

    private static RedisKey KeyOf(string cluster) => $"seriatim/speech/{cluster}";

    private static RedisKey KeyOf(string cluster, string speech) => $"seriatim/speech/{cluster}/{speech}";
}
