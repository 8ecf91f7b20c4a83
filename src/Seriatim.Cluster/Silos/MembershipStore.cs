using StackExchange.Redis;

namespace Seriatim.Cluster;

/// <summary>Where the list of silos is kept, and whether it can be reached.</summary>
/// <param name="redis">The connection to Redis; null: a silo of this machine keeps the list.</param>
internal sealed class MembershipStore(IConnectionMultiplexer? redis) : IDisposable
{
    /// <summary>What keeps it.</summary>
    public string Kind => redis is null ? "localhost" : "redis";

    /// <summary>Why it cannot be reached; null: it can.</summary>
    public string? Failure => redis is null or { IsConnected: true } ? null : "no connection to Redis";

    /// <summary>Connects to Redis.</summary>
    /// <exception cref="ClusterConfigurationException">There is none.</exception>
    public static IConnectionMultiplexer Connect(ConfigurationOptions options)
    {
        try
        {
            return ConnectionMultiplexer.Connect(options);
        }
        catch (RedisException failure)
        {
            throw new ClusterConfigurationException($"Redis at {string.Join(", ", options.EndPoints)} cannot be reached: "
                + $"{failure.Message} Start it, or give the address of one that runs.");
        }
    }

    public void Dispose() => redis?.Dispose();
}
