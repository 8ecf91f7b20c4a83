using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>Measures how fast some threads read memory in order: the yardstick of work that streams weights.</summary>
internal sealed unsafe class ReadProbe : IDisposable
{
    private const int Pieces = 512;
    private byte* _stream;
    private int _disposed;
    private readonly long _bytes;

    /// <summary>Takes memory and writes all of it once.</summary>
    /// <param name="bytes">How much is read each time: a multiple of 128 KB, far beyond the last cache.</param>
    public ReadProbe(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes % (Pieces * 256), 0);
        _bytes = bytes;
        _stream = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, TensorPool.Alignment);
        NativeMemory.Fill(_stream, (nuint)bytes, 1);
    }

    /// <summary>Reads all of it once: bytes per second.</summary>
    public double MeasureOnce(WorkerTeam team)
    {
        var work = new ReadWork { Stream = _stream, Bytes = _bytes / Pieces };
        long start = Stopwatch.GetTimestamp();
        team.Run(Pieces, ref work);
        return _bytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        NativeMemory.AlignedFree(_stream);
        _stream = null;
    }

    private struct ReadWork : IWork
    {
        private static int _kept;

        public byte* Stream;
        public long Bytes;

        public readonly void Do(int piece, int worker)
        {
            byte* from = Stream + piece * Bytes;
            Vector512<int> a = default, b = default, c = default, d = default;
            for (byte* end = from + Bytes; from < end; from += 256)
            {
                a ^= Vector512.Load((int*)from);
                b ^= Vector512.Load((int*)(from + 64));
                c ^= Vector512.Load((int*)(from + 128));
                d ^= Vector512.Load((int*)(from + 192));
            }

            // Kept, so that the work is not optimised away.
            Volatile.Write(ref _kept, Vector512.Sum(a ^ b ^ c ^ d));
        }
    }
}
