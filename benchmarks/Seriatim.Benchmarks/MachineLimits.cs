using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Seriatim.Tensors;

namespace Seriatim.Benchmarks;

/// <summary>What this machine can do at best, with the threads of the benchmark: the yardsticks of every figure.</summary>
internal sealed unsafe class MachineLimits : IDisposable
{
    private const long StreamBytes = 256L << 20;
    private const int FmaRounds = 50_000;
    private readonly WorkerTeam _team;
    private readonly byte* _stream;

    public MachineLimits(WorkerTeam team)
    {
        _team = team;
        _stream = (byte*)NativeMemory.AlignedAlloc((nuint)StreamBytes, 64);
        NativeMemory.Fill(_stream, (nuint)StreamBytes, 1);
    }

    /// <summary>Seconds to read 256 MB, far beyond the last cache, once; and the bytes per second.</summary>
    public double ReadBytesPerSecond()
    {
        var work = new ReadWork { Stream = _stream, Pieces = 256 };
        double seconds = Timing.Seconds(() => _team.Run(work.Pieces, ref work));
        return StreamBytes / seconds;
    }

    /// <summary>F32 operations per second of fused multiply-adds on registers, two a multiply-add.</summary>
    public double FmaFlops()
    {
        var work = default(FmaWork);
        int pieces = 16 * _team.Threads; // small ones, so that no thread waits for another at the end
        double seconds = Timing.Seconds(() => _team.Run(pieces, ref work));
        return (double)pieces * FmaRounds * 16 * 2 * Vector512<float>.Count / seconds;
    }

    public void Dispose() => NativeMemory.AlignedFree(_stream);

    private struct ReadWork : IWork
    {
        public byte* Stream;
        public int Pieces;

        public readonly void Do(int piece, int worker)
        {
            long bytes = StreamBytes / Pieces;
            byte* from = Stream + piece * bytes;
            Vector512<int> a = default, b = default, c = default, d = default;
            for (byte* end = from + bytes; from < end; from += 256)
            {
                a ^= Vector512.Load((int*)from);
                b ^= Vector512.Load((int*)(from + 64));
                c ^= Vector512.Load((int*)(from + 128));
                d ^= Vector512.Load((int*)(from + 192));
            }

            Timing.Keep(Vector512.Sum(a ^ b ^ c ^ d));
        }
    }

    private struct FmaWork : IWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)] // one long loop: it must not start in the slow tier
        public readonly void Do(int piece, int worker)
        {
            Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(1.0001f);
            Vector512<float> a0 = y, a1 = y, a2 = y, a3 = y, a4 = y, a5 = y, a6 = y, a7 = y;
            Vector512<float> b0 = y, b1 = y, b2 = y, b3 = y, b4 = y, b5 = y, b6 = y, b7 = y;
            for (int i = 0; i < FmaRounds; i++)
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

            Timing.Keep(Vector512.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7));
        }
    }
}
