using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// Measures <see cref="MachineSpeed"/> in some 30 milliseconds, so that it can be done before and after every run of a benchmark:
/// the speed of a machine that others share changes from second to second.
/// </summary>
public sealed unsafe class MachineProbe : IDisposable
{
    private const long StreamBytes = 512L << 20;
    private const int Measurements = 2;
    private const int Rounds = 20_000;
    private const int Chains = 12;
    private readonly WorkerTeam _team;
    private readonly ReadProbe _read = new(StreamBytes);

    /// <summary>Starts threads and takes the memory that is read.</summary>
    /// <param name="threads">Threads; 0 for one a core.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 0 threads.</exception>
    public MachineProbe(int threads = 0)
    {
        _team = new WorkerTeam(threads == 0 ? Environment.ProcessorCount : threads);
        Measure(); // compiles
    }

    /// <summary>
    /// Reads all of the memory once, so that it comes from the memory and not in part from the last cache, and takes the better
    /// of two measurements of each other figure. Bytes and multiply-adds a second, of all threads together.
    /// </summary>
    public MachineSpeed Measure()
    {
        double read = _read.MeasureOnce(_team), operations = 0;
        for (int i = 0; i < Measurements; i++)
            operations = Math.Max(operations, FmaProbe.MeasureOnce(_team, Rounds));
        return new MachineSpeed(read, operations / 2, AvxVnni.IsSupported ? BytesPerSecond(_team) : 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _read.Dispose();
        _team.Dispose();
    }

    private static double BytesPerSecond(WorkerTeam team)
    {
        int* sink = stackalloc int[1024]; // so that no loop is left out as useless
        int pieces = 16 * team.Threads;
        return (double)pieces * Rounds * Chains * 32 / Best(team, pieces, new DotWork { Sink = sink });
    }

    private static double Best<TWork>(WorkerTeam team, int pieces, TWork work)
        where TWork : struct, IWork
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < Measurements; i++)
        {
            long start = Stopwatch.GetTimestamp();
            team.Run(pieces, ref work);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private struct DotWork : IWork
    {
        public int* Sink;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // one long loop: it must not start in the slow tier
        public readonly void Do(int piece, int worker)
        {
            Vector256<byte> x = Vector256.Create((byte)3);
            Vector256<sbyte> y = Vector256.Create((sbyte)piece);
            Vector256<int> a = default, b = default, c = default, d = default, e = default, f = default;
            Vector256<int> g = default, h = default, i = default, j = default, k = default, l = default;
            for (int round = 0; round < Rounds; round++)
            {
                a = AvxVnni.MultiplyWideningAndAdd(a, x, y);
                b = AvxVnni.MultiplyWideningAndAdd(b, x, y);
                c = AvxVnni.MultiplyWideningAndAdd(c, x, y);
                d = AvxVnni.MultiplyWideningAndAdd(d, x, y);
                e = AvxVnni.MultiplyWideningAndAdd(e, x, y);
                f = AvxVnni.MultiplyWideningAndAdd(f, x, y);
                g = AvxVnni.MultiplyWideningAndAdd(g, x, y);
                h = AvxVnni.MultiplyWideningAndAdd(h, x, y);
                i = AvxVnni.MultiplyWideningAndAdd(i, x, y);
                j = AvxVnni.MultiplyWideningAndAdd(j, x, y);
                k = AvxVnni.MultiplyWideningAndAdd(k, x, y);
                l = AvxVnni.MultiplyWideningAndAdd(l, x, y);
            }

            Sink[piece % 1024] = Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
        }
    }
}
