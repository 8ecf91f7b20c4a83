using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Seriatim.Tensors;

namespace Seriatim.Benchmarks;

/// <summary>What this machine can do at best, with the threads of the benchmark: the yardsticks of every figure.</summary>
internal sealed unsafe class MachineLimits : IDisposable
{
    private const long StreamBytes = 256L << 20;
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
    public double FmaFlops() => FmaProbe.MeasureOnce(_team, rounds: 50_000);

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
}
