namespace Seriatim.Tensors;

/// <summary>
/// The ops on this machine's processors, over one width of lanes. Get one from <see cref="CpuOps.Create"/>; results are the same
/// bits for every width and number of threads.
/// </summary>
internal sealed class CpuOps<T>(int threads) : DeviceOps(Device.Cpu)
    where T : struct, ILanes<T>
{
    private readonly WorkerTeam _team = new(threads);

    public override void Dispose() => _team.Dispose();

    internal override void Execute<TCall>(TCall call, ReadOnlySpan<Tensor> results) => call.Forward<T>(_team, results);
}
