using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// Measures how many fused multiply-adds this machine does at best: the yardstick against which the speed of training and of
/// kernels is quoted.
/// </summary>
public static class FmaProbe
{
    private const int Chains = 16;
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
    internal static double MeasureOnce(WorkerTeam team, int rounds)
    {
        var work = new FmaWork { Rounds = rounds };
        int pieces = PiecesPerThread * team.Threads;
        long start = Stopwatch.GetTimestamp();
        team.Run(pieces, ref work);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (double)pieces * rounds * Chains * 2 * Vector512<float>.Count / seconds;
    }

    private struct FmaWork : IWork
    {
        private static float _kept;

        public int Rounds;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // one long loop: it must not start in the slow tier
        public readonly void Do(int piece, int worker)
        {
            Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(1.0001f);
            Vector512<float> a0 = y, a1 = y, a2 = y, a3 = y, a4 = y, a5 = y, a6 = y, a7 = y;
            Vector512<float> b0 = y, b1 = y, b2 = y, b3 = y, b4 = y, b5 = y, b6 = y, b7 = y;
            for (int i = 0; i < Rounds; i++)
            {
                a0 = Vector512.FusedMultiplyAdd(a0, x, y);
                a1 = Vector512.FusedMultiplyAdd(a1, x, y);
                a2 = Vector512.FusedMultiplyAdd(a2, x, y);
                a3 = Vector512.FusedMultiplyAdd(a3, x, y);
                a4 = Vector512.FusedMultiplyAdd(a4, x, y);
                a5 = Vector512.FusedMultiplyAdd(a5, x, y);
                a6 = Vector512.FusedMultiplyAdd(a6, x, y);
                a7 = Vector512.FusedMultiplyAdd(a7, x, y);
                b0 = Vector512.FusedMultiplyAdd(b0, x, y);
                b1 = Vector512.FusedMultiplyAdd(b1, x, y);
                b2 = Vector512.FusedMultiplyAdd(b2, x, y);
                b3 = Vector512.FusedMultiplyAdd(b3, x, y);
                b4 = Vector512.FusedMultiplyAdd(b4, x, y);
                b5 = Vector512.FusedMultiplyAdd(b5, x, y);
                b6 = Vector512.FusedMultiplyAdd(b6, x, y);
                b7 = Vector512.FusedMultiplyAdd(b7, x, y);
            }

            // Kept, so that the work is not optimised away.
            Volatile.Write(ref _kept, Vector512.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7));
        }
    }
}
