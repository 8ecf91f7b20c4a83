using Orleans.Hosting;

namespace Seriatim.Cluster;

/// <summary>
/// Where silos find each other, and where durable requests are kept: what a cluster needs besides its silos. One more is a class
/// of its own and a line in <see cref="ClusterStores"/>.
/// </summary>
internal interface IClusterStore : IDisposable
{
    /// <summary>What it is, as log and status say it.</summary>
    string Kind { get; }

    /// <summary>Where it is, without a user and a password.</summary>
    string Place { get; }

    /// <summary>Whether silos of other machines find it: else they reach each other at the loopback address.</summary>
    bool IsShared { get; }

    /// <summary>Why it cannot be reached, as far as <see cref="LookAsync"/> knows; null: it can.</summary>
    string? Failure { get; }

    /// <summary>Connects, and makes what is missing there.</summary>
    /// <exception cref="ClusterConfigurationException">There is none, or it does not take this silo.</exception>
    void Connect();

    /// <summary>Looks whether it can be reached; never fails.</summary>
    Task LookAsync();

    /// <summary>What time it is there.</summary>
    Task<DateTimeOffset> ReadClockAsync();

    /// <summary>Writes how a silo of a cluster speaks to others, to be forgotten after a time.</summary>
    /// <returns>How all of its silos speak whose time is not over.</returns>
    Task<IReadOnlyList<string>> MarkAsync(string cluster, string speech, TimeSpan time);

    /// <summary>Forgets how a silo speaks.</summary>
    Task UnmarkAsync(string cluster, string speech);

    /// <summary>Throws away what is kept no longer, where the store does not do so by itself.</summary>
    Task ThrowAwayAsync();

    /// <summary>Has a silo find the others here.</summary>
    void AddMembership(ISiloBuilder silo, ClusterOptions options);

    /// <summary>Gives a silo what <see cref="KeptOf"/> needs.</summary>
    void AddKept(ISiloBuilder silo, ClusterOptions options);

    /// <summary>Where a silo stores its durable requests.</summary>
    IKeptStore KeptOf(IServiceProvider services, ClusterOptions options);
}
