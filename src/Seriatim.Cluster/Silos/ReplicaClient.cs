using Orleans.Runtime;
using Orleans.Runtime.Services;

namespace Seriatim.Cluster;

/// <summary>Finds the services of other silos.</summary>
/// <param name="services">The silo's services.</param>
internal sealed class ReplicaClient(IServiceProvider services) : GrainServiceClient<IReplicaService>(services)
{
    /// <summary>The replica of a silo.</summary>
    public IReplica Of(SiloAddress silo) => new RemoteReplica(GetGrainService(silo));

    private sealed class RemoteReplica(IReplicaService service) : IReplica
    {
        public Task<RunReceipt> StartAsync(RunOrder order) => service.StartAsync(order);

        public Task<RunNews> ReadAsync(Guid run) => service.ReadAsync(run);

        public Task EndAsync(Guid run) => service.EndAsync(run);

        public Task<RunNews> ReadKeptAsync(string number, int prompt, int from) => service.ReadKeptAsync(number, prompt, from);

        public Task EndKeptAsync(string number, bool forget) => service.EndKeptAsync(number, forget);

        public Task<SiloReport> ReportAsync() => service.ReportAsync();
    }
}
