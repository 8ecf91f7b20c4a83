using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>What this machine can do at best with some threads: the yardsticks of measured speeds.</summary>
/// <param name="ReadBytesPerSecond">Streaming reads of memory far beyond the caches.</param>
/// <param name="F32MultiplyAddsPerSecond">Fused multiply-adds of F32 on registers.</param>
/// <param name="ByteMultiplyAddsPerSecond">Multiply-adds of bytes with AVX-VNNI on registers; 0 where the machine has none.</param>
public sealed unsafe record MachineSpeed(double ReadBytesPerSecond, double F32MultiplyAddsPerSecond, double ByteMultiplyAddsPerSecond)
{
    private const long StreamBytes = 512L << 20;
    private const int Rounds = 20_000;
    private const int Chains = 12;

    /// <summary>Measures for about half a second.</summary>
    /// <param name="threads">Threads; 0 for one a core.</param>
    public static MachineSpeed Measure(int threads = 0)
    {
        int count = threads == 0 ? Environment.ProcessorCount : threads;
        using var team = new WorkerTeam(count);
        using var memory = new NativeBlock(StreamBytes);
        System.Runtime.InteropServices.NativeMemory.Fill(memory.Pointer, (nuint)StreamBytes, 1);
        int* sink = stackalloc int[1024]; // so that no loop is left out as useless
        var read = new ReadWork { Stream = memory.Pointer, Sink = sink };
        double readSeconds = Best(team, 512, read);
        int pieces = 16 * count;
        var multiply = new MultiplyWork { Sink = sink };
        double multiplySeconds = Best(team, pieces, multiply);
        int width = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;
        double bytes = 0;
        if (AvxVnni.IsSupported)
        {
            var dot = new DotWork { Sink = sink };
            bytes = (double)pieces * Rounds * Chains * 32 / Best(team, pieces, dot);
        }

        return new MachineSpeed(StreamBytes / readSeconds, (double)pieces * Rounds * Chains * width / multiplySeconds, bytes);
    }

    private static double Best<TWork>(WorkerTeam team, int pieces, TWork work)
        where TWork : struct, IWork
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < 6; i++)
        {
            long start = Stopwatch.GetTimestamp();
            team.Run(pieces, ref work);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private struct ReadWork : IWork
    {
        public byte* Stream;
        public int* Sink;

        public readonly void Do(int piece, int worker)
        {
            const long Bytes = StreamBytes / 512;
            byte* from = Stream + piece * Bytes;
            Vector512<int> a = default, b = default, c = default, d = default;
            for (byte* end = from + Bytes; from < end; from += 256)
            {
                a ^= Vector512.Load((int*)from);
                b ^= Vector512.Load((int*)(from + 64));
                c ^= Vector512.Load((int*)(from + 128));
                d ^= Vector512.Load((int*)(from + 192));
            }

            Sink[piece] = Vector512.Sum(a ^ b ^ c ^ d);
        }
    }

    private struct MultiplyWork : IWork
    {
        public int* Sink;

        public readonly void Do(int piece, int worker)
        {
            float sum = Vector512.IsHardwareAccelerated ? Run512() : Vector256.IsHardwareAccelerated ? Run256() : Run128();
            Sink[piece % 1024] = (int)sum;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // one long loop: it must not start in the slow tier
        private static float Run512()
        {
            Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(1.0001f);
            Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
            for (int round = 0; round < Rounds; round++)
            {
                a = Vector512.FusedMultiplyAdd(a, x, y);
                b = Vector512.FusedMultiplyAdd(b, x, y);
                c = Vector512.FusedMultiplyAdd(c, x, y);
                d = Vector512.FusedMultiplyAdd(d, x, y);
                e = Vector512.FusedMultiplyAdd(e, x, y);
                f = Vector512.FusedMultiplyAdd(f, x, y);
                g = Vector512.FusedMultiplyAdd(g, x, y);
                h = Vector512.FusedMultiplyAdd(h, x, y);
                i = Vector512.FusedMultiplyAdd(i, x, y);
                j = Vector512.FusedMultiplyAdd(j, x, y);
                k = Vector512.FusedMultiplyAdd(k, x, y);
                l = Vector512.FusedMultiplyAdd(l, x, y);
            }

            return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as above
        private static float Run256()
        {
            Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(1.0001f);
            Vector256<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
            for (int round = 0; round < Rounds; round++)
            {
                a = Vector256.FusedMultiplyAdd(a, x, y);
                b = Vector256.FusedMultiplyAdd(b, x, y);
                c = Vector256.FusedMultiplyAdd(c, x, y);
                d = Vector256.FusedMultiplyAdd(d, x, y);
                e = Vector256.FusedMultiplyAdd(e, x, y);
                f = Vector256.FusedMultiplyAdd(f, x, y);
                g = Vector256.FusedMultiplyAdd(g, x, y);
                h = Vector256.FusedMultiplyAdd(h, x, y);
                i = Vector256.FusedMultiplyAdd(i, x, y);
                j = Vector256.FusedMultiplyAdd(j, x, y);
                k = Vector256.FusedMultiplyAdd(k, x, y);
                l = Vector256.FusedMultiplyAdd(l, x, y);
            }

            return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as above
        private static float Run128()
        {
            Vector128<float> x = Vector128.Create(0.5f), y = Vector128.Create(1.0001f);
            Vector128<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
            for (int round = 0; round < Rounds; round++)
            {
                a = Vector128.FusedMultiplyAdd(a, x, y);
                b = Vector128.FusedMultiplyAdd(b, x, y);
                c = Vector128.FusedMultiplyAdd(c, x, y);
                d = Vector128.FusedMultiplyAdd(d, x, y);
                e = Vector128.FusedMultiplyAdd(e, x, y);
                f = Vector128.FusedMultiplyAdd(f, x, y);
                g = Vector128.FusedMultiplyAdd(g, x, y);
                h = Vector128.FusedMultiplyAdd(h, x, y);
                i = Vector128.FusedMultiplyAdd(i, x, y);
                j = Vector128.FusedMultiplyAdd(j, x, y);
                k = Vector128.FusedMultiplyAdd(k, x, y);
                l = Vector128.FusedMultiplyAdd(l, x, y);
            }

            return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
        }
    }

    private struct DotWork : IWork
    {
        public int* Sink;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as above
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
