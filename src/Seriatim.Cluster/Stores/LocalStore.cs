using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Storage;

namespace Seriatim.Cluster;

/// <summary>No store: the first silo of this machine keeps the list, and the memory of the silos what is durable.</summary>
internal sealed class LocalStore : IClusterStore
{
    /// <summary>Its address.</summary>
    public const string Address = "localhost";

    public string Kind => Address;

    public string Place => Address;

    public bool IsShared => false;

    public string? Failure => null;

    public void Connect()
    {
    }

    public Task LookAsync() => Task.CompletedTask;

    /// <summary>The machine's, which all of its silos go by.</summary>
    public Task<DateTimeOffset> ReadClockAsync() => Task.FromResult(TimeProvider.System.GetUtcNow());

    /// <summary>Written nowhere: a silo that speaks otherwise is not let in by the first.</summary>
    public Task<IReadOnlyList<string>> MarkAsync(string cluster, string speech, TimeSpan time) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    public Task UnmarkAsync(string cluster, string speech) => Task.CompletedTask;

    public Task ThrowAwayAsync() => Task.CompletedTask;

    public void AddMembership(ISiloBuilder silo, ClusterOptions options) =>
        silo.UseDevelopmentClustering(new IPEndPoint(IPAddress.Loopback, options.ListPort));

    public void AddKept(ISiloBuilder silo, ClusterOptions options) => silo.AddMemoryGrainStorage(GrainKeptStore.Name,
        storage => storage.GrainStorageSerializer = new KeptSerializer());

    public IKeptStore KeptOf(IServiceProvider services, ClusterOptions options) =>
        GrainKeptStore.Of(services, options, throwsAway: false);

    public void Dispose()
    {
    }
}
