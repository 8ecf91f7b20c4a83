using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Native memory for tensors, 64-byte aligned, kept in free lists by size class, so that a forward pass that repeats
/// asks the operating system for nothing. Thread-safe.
/// </summary>
/// <remarks>
/// Weights and their gradients are counted but not pooled: their sizes are those of one model, and the next one has others. What waits in
/// the free lists goes back with <see cref="Trim"/>, which a model calls when it is disposed.
/// Size classes grow by a quarter of a power of two, so at most a fifth of a buffer is unused. Debug builds fill a
/// returned buffer with signalling bytes (0xFF: NaN as F32), so that a use after return is seen.
/// </remarks>
public sealed unsafe class TensorPool
{
    /// <summary>Every buffer starts at a multiple of this many bytes: one cache line and one 512-bit vector.</summary>
    public const int Alignment = 64;

    private const int Classes = 4 * 64;
    private readonly Stack<nint>[] _free = new Stack<nint>[Classes];
    private long _liveBytes;
    private long _freeBytes;

    private TensorPool()
    {
        for (int i = 0; i < Classes; i++)
            _free[i] = new Stack<nint>();
    }

    /// <summary>The pool of this process.</summary>
    public static TensorPool Shared { get; } = new();

    /// <summary>Bytes in use by tensors that are alive.</summary>
    public long LiveBytes => Volatile.Read(ref _liveBytes);

    /// <summary>Bytes waiting in the free lists.</summary>
    public long FreeBytes => Volatile.Read(ref _freeBytes);

    /// <summary>Gives all waiting buffers back to the operating system.</summary>
    public void Trim()
    {
        for (int i = 0; i < Classes; i++)
        {
            lock (_free[i])
            {
                while (_free[i].TryPop(out nint buffer))
                {
                    NativeMemory.AlignedFree((void*)buffer);
                    Interlocked.Add(ref _freeBytes, -ClassBytes(i));
                }
            }
        }
    }

    /// <summary>
    /// For tests: while true, every buffer of this thread is new and lies between two canaries that end exactly where the data does;
    /// writing over one is an error when the buffer is returned, and reading one gives NaN.
    /// </summary>
    [ThreadStatic]
    internal static bool Guarded;

    private const int GuardedClass = -1;
    private const int LastingClass = -2;
    private const byte Canary = 0xFF;

    internal void* Rent(long bytes, out int sizeClass)
    {
        if (Guarded)
        {
            sizeClass = GuardedClass;
            byte* block = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + 3 * Alignment), Alignment);
            NativeMemory.Fill(block, (nuint)(bytes + 3 * Alignment), Canary);
            *(long*)block = bytes;
            return block + 2 * Alignment;
        }

        sizeClass = ClassOf(bytes);
        long size = ClassBytes(sizeClass);
        if (TryTake(_free[sizeClass], out nint buffer))
            Interlocked.Add(ref _freeBytes, -size);
        else
            buffer = (nint)NativeMemory.AlignedAlloc((nuint)size, Alignment);

        // Counted last: an allocation that fails leaves nothing alive.
        Interlocked.Add(ref _liveBytes, size);
        return (void*)buffer;
    }

    /// <summary>Memory that is not kept when it is returned.</summary>
    internal void* RentLasting(long bytes, out int sizeClass)
    {
        if (Guarded)
            return Rent(bytes, out sizeClass);
        sizeClass = LastingClass;
        void* buffer = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), Alignment);
        Interlocked.Add(ref _liveBytes, bytes);
        return buffer;
    }

    private static bool TryTake(Stack<nint> free, out nint buffer)
    {
        lock (free)
            return free.TryPop(out buffer);
    }

    internal void Return(void* buffer, int sizeClass, long bytes)
    {
        if (sizeClass == LastingClass)
        {
            NativeMemory.AlignedFree(buffer);
            Interlocked.Add(ref _liveBytes, -bytes);
            return;
        }

        if (sizeClass == GuardedClass)
        {
            ReturnGuarded((byte*)buffer);
            return;
        }

        long size = ClassBytes(sizeClass);
        Poison(buffer, size);
        Interlocked.Add(ref _liveBytes, -size);
        Interlocked.Add(ref _freeBytes, size);
        Stack<nint> free = _free[sizeClass];
        lock (free)
            free.Push((nint)buffer);
    }

    private static void ReturnGuarded(byte* buffer)
    {
        long bytes = *(long*)(buffer - 2 * Alignment);
        bool intact = new ReadOnlySpan<byte>(buffer - Alignment, Alignment).IndexOfAnyExcept(Canary) < 0
            && new ReadOnlySpan<byte>(buffer + bytes, Alignment).IndexOfAnyExcept(Canary) < 0;
        NativeMemory.AlignedFree(buffer - 2 * Alignment);
        if (!intact)
            throw new InvalidOperationException($"A kernel wrote outside a tensor of {bytes} bytes.");
    }

    [System.Diagnostics.Conditional("DEBUG")]
    private static void Poison(void* buffer, long size) => NativeMemory.Fill(buffer, (nuint)size, 0xFF);

    /// <summary>The smallest class of at least <paramref name="bytes"/> bytes: classes are (4 + q) * 2^(e - 2), from 256.</summary>
    private static int ClassOf(long bytes)
    {
        bytes = Math.Max(bytes, 256);
        int exponent = 63 - (int)long.LeadingZeroCount(bytes);
        long quarter = 1L << (exponent - 2);
        int steps = (int)((bytes - (1L << exponent) + quarter - 1) / quarter);
        return exponent * 4 + steps;
    }

    private static long ClassBytes(int sizeClass)
    {
        int exponent = sizeClass / 4;
        return (1L << exponent) + (sizeClass % 4) * (1L << (exponent - 2));
    }
}
