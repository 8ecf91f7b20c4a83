using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Seriatim.Cluster;

/// <summary>Hands the calls of other silos to the replica.</summary>
/// <param name="id">As Orleans has it.</param>
/// <param name="silo">The silo.</param>
/// <param name="loggers">The loggers.</param>
/// <param name="replica">The engines.</param>
internal sealed class ReplicaService(GrainId id, Silo silo, ILoggerFactory loggers, Replica replica)
    : GrainService(id, silo, loggers), IReplicaService
{
    // On the thread pool, and not one after another on this service's own scheduler: a call may wait for a token.
    public Task<RunReceipt> StartAsync(RunOrder order) => Task.Run(() => replica.StartAsync(order));

    public Task<RunNews> ReadAsync(Guid run) => Task.Run(() => replica.ReadAsync(run));

    public Task EndAsync(Guid run) => Task.Run(() => replica.EndAsync(run));

    public Task<RunNews> ReadKeptAsync(string number, int prompt, int from) =>
        Task.Run(() => replica.ReadKeptAsync(number, prompt, from));

    public Task EndKeptAsync(string number, bool forget) => Task.Run(() => replica.EndKeptAsync(number, forget));

    public Task<SiloReport> ReportAsync() => Task.Run(replica.ReportAsync);
}
