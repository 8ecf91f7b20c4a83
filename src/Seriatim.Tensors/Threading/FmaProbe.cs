using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// Measures how many fused multiply-adds this machine does at best: the yardstick against which the speed of training and of
/// kernels is quoted.
/// </summary>
public static class FmaProbe
{
    private const int Chains = 12; // more than latency times units, and few enough for the 16 registers of narrow vectors
    private const int PiecesPerThread = 16; // small ones, so that no thread waits for another at the end

    /// <summary>F32 operations per second on registers, two a multiply-add: the best of several short measurements.</summary>
    /// <param name="threads">Threads; 0 for one a core.</param>
    /// <param name="seconds">About how long it may take.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 0 threads, or no time.</exception>
    public static double Measure(int threads = 0, double seconds = 0.1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seconds);
        using var team = new WorkerTeam(threads == 0 ? Environment.ProcessorCount : threads);
        long start = Stopwatch.GetTimestamp();
        double best = 0;
        for (int rounds = 100; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            long before = Stopwatch.GetTimestamp();
            best = Math.Max(best, MeasureOnce(team, rounds));
            // Short at first: without hardware multiply-adds even a hundred rounds take long.
            if (Stopwatch.GetElapsedTime(before).TotalSeconds < seconds / 32)
                rounds *= 2;
        }

        return best;
    }

    /// <summary>One measurement on a team that is there already, in operations per second.</summary>
    internal static double MeasureOnce(WorkerTeam team, int rounds) => LaneWidths.Best switch
    {
        LaneWidth.Bits512 => MeasureOnce<Lanes512>(team, rounds),
        LaneWidth.Bits256 => MeasureOnce<Lanes256>(team, rounds),
        _ => MeasureOnce<Lanes128>(team, rounds),
    };

    private static double MeasureOnce<T>(WorkerTeam team, int rounds)
        where T : struct, ILanes<T>
    {
        var work = new FmaWork<T> { Rounds = rounds };
        int pieces = PiecesPerThread * team.Threads;
        long start = Stopwatch.GetTimestamp();
        team.Run(pieces, ref work);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (double)pieces * rounds * Chains * 2 * T.Width / seconds;
    }

    /// <summary>Independent chains in vectors as wide as the machine's own.</summary>
    private struct FmaWork<T> : IWork
        where T : struct, ILanes<T>
    {
        private static float _kept;

        public int Rounds;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // one long loop: it must not start in the slow tier
        public readonly void Do(int piece, int worker)
        {
            T x = T.Broadcast(0.5f), y = T.Broadcast(1.0001f);
            T a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
            for (int round = 0; round < Rounds; round++)
            {
                a = T.MultiplyAdd(a, x, y);
                b = T.MultiplyAdd(b, x, y);
                c = T.MultiplyAdd(c, x, y);
                d = T.MultiplyAdd(d, x, y);
                e = T.MultiplyAdd(e, x, y);
                f = T.MultiplyAdd(f, x, y);
                g = T.MultiplyAdd(g, x, y);
                h = T.MultiplyAdd(h, x, y);
                i = T.MultiplyAdd(i, x, y);
                j = T.MultiplyAdd(j, x, y);
                k = T.MultiplyAdd(k, x, y);
                l = T.MultiplyAdd(l, x, y);
            }

            // Kept, so that the work is not optimised away.
            Volatile.Write(ref _kept, T.Sum(a + b + c + d + e + f + g + h + i + j + k + l));
        }
    }
}
