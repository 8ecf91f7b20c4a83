using Orleans.Services;

namespace Seriatim.Cluster;

/// <summary>
/// The engines of a silo as Orleans calls them. A service of the silo and no grain: it is asked by the silo's address, so no
/// directory, of which a part dies with each silo, stands between a door and a replica.
/// </summary>
internal interface IReplicaService : IGrainService
{
    Task<RunReceipt> StartAsync(RunOrder order);

    Task<RunNews> ReadAsync(Guid run);

    Task EndAsync(Guid run);

    Task<RunNews> ReadKeptAsync(string number, int prompt, int from);

    Task EndKeptAsync(string number, bool forget);

    Task<SiloReport> ReportAsync();
}
