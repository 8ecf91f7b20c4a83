namespace Seriatim.Tensors;

/// <summary>Makes the ops of this machine's processors.</summary>
public static class CpuOps
{
    /// <summary>
    /// Starts a team of threads and returns the ops that run on it. Disposing the ops stops the team.
    /// </summary>
    /// <param name="threads">Threads, the calling one included; 0 for one a core.</param>
    /// <param name="width">
    /// Width of the vectors; null for the widest this machine has. Narrower ones give the same bits more slowly.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 0 threads, or more than 1024.</exception>
    public static IDifferentiableOps Create(int threads = 0, LaneWidth? width = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        SlowBuild.WarnOnce();
        int count = threads == 0 ? Environment.ProcessorCount : threads;
        return (width ?? LaneWidths.Best) switch
        {
            LaneWidth.Bits512 => new CpuOps<Lanes512>(count),
            LaneWidth.Bits256 => new CpuOps<LanePair<Lanes256>>(count),
            LaneWidth.Bits128 => new CpuOps<LanePair<LanePair<Lanes128>>>(count),
            _ => throw new ArgumentOutOfRangeException(nameof(width), width, "Not a width of lanes."),
        };
    }
}
