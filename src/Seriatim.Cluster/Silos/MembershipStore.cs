using StackExchange.Redis;

namespace Seriatim.Cluster;

/// <summary>Where the list of silos is kept, and whether it can be reached.</summary>
/// <param name="redis">The connection to Redis; null: a silo of this machine keeps the list.</param>
/// <param name="mark">How this silo speaks to others, written there; null: nowhere.</param>
internal sealed class MembershipStore(IConnectionMultiplexer? redis, ClusterMark? mark) : IDisposable
{
    /// <summary>What keeps it.</summary>
    public string Kind => redis is null ? "localhost" : "redis";

    /// <summary>Why it cannot be reached; null: it can.</summary>
    public string? Failure => redis is null or { IsConnected: true } ? null : "no connection to Redis";

    /// <summary>By how much this machine's clock is wrong; null: by no more than does no harm.</summary>
    public TimeSpan? Wrong { get; private set; }

    /// <summary>Says again how this silo speaks.</summary>
    /// <returns>How others speak that this one will not understand; null: none does otherwise.</returns>
    public async Task<string?> MarkAsync()
    {
        try
        {
            if (mark is null)
                return null;
            Wrong = await mark.WrongAsync().ConfigureAwait(false);
            return await mark.WriteAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RedisException or InvalidOperationException)
        {
            // That it is gone is told by Failure.
            return null;
        }
    }

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
