using System.Diagnostics;

namespace Seriatim.Benchmarks;

/// <summary>Clocks and medians.</summary>
internal static class Timing
{
    private static float _kept;

    public static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Keeps a result alive, so that the work is not optimised away.</summary>
    public static void Keep(float value) => Volatile.Write(ref _kept, value);
}
