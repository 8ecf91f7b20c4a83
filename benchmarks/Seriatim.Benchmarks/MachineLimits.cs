using Seriatim.Tensors;

namespace Seriatim.Benchmarks;

/// <summary>What this machine can do at best, with the threads of the benchmark: the yardsticks of every figure.</summary>
internal sealed class MachineLimits(WorkerTeam team) : IDisposable
{
    private readonly ReadProbe _read = new(256L << 20);

    /// <summary>Bytes per second of reading 256 MB, far beyond the last cache, in order.</summary>
    public double ReadBytesPerSecond() => _read.MeasureOnce(team);

    /// <summary>F32 operations per second of fused multiply-adds on registers, two a multiply-add.</summary>
    public double FmaFlops() => FmaProbe.MeasureOnce(team, rounds: 50_000);

    public void Dispose() => _read.Dispose();
}
