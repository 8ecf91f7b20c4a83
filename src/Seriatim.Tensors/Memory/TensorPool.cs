using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Native memory for tensors, 64-byte aligned, kept in free lists by size class, so that a forward pass that repeats
/// asks the operating system for nothing. Thread-safe.
/// </summary>
/// <remarks>
/// Weights and their gradients are counted but not pooled: their sizes are those of one model, and the next one has others. What
/// waits in the free lists goes back with <see cref="Trim"/>, which a model calls when it is disposed, and by itself once nothing
/// was taken from the pool for <see cref="IdleTime"/>. Size classes grow by a quarter of a power of two, so at most a fifth of a
/// buffer is unused. Debug builds, and all others if the environment variable <see cref="PoisonVariable"/> is 1 when the program
/// starts, fill a returned buffer with signalling bytes (0xFF: NaN as F32), so that a use after return is seen.
/// </remarks>
public sealed unsafe class TensorPool
{
    /// <summary>Name of the environment variable that makes the pool fill what is returned.</summary>
    public const string PoisonVariable = "SERIATIM_POISON";

    /// <summary>
    /// After this long without use, or up to a third more, the waiting buffers go back to the operating system.
    /// </summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(30);

    /// <summary>The clock looks this often in an idle time; so a use costs no look at a clock.</summary>
    private const int LooksPerIdleTime = 3;

#if DEBUG
    internal static readonly bool Poisons = true;
#else
    internal static readonly bool Poisons = Environment.GetEnvironmentVariable(PoisonVariable) == "1";
#endif

    /// <summary>Every buffer starts at a multiple of this many bytes: one cache line and one 512-bit vector.</summary>
    public const int Alignment = 64;

    private const int Classes = 4 * 64;
    private readonly Stack<nint>[] _free = new Stack<nint>[Classes];
    private long _liveBytes;
    private readonly TimeProvider _time;
    private long _freeBytes;
    private ITimer? _clock;
    private int _clockRuns;
    private int _quietLooks;
    private volatile bool _used;

    /// <summary>A pool by a clock of one's own, for tests.</summary>
    internal TensorPool(TimeProvider time)
    {
        _time = time;
        for (int i = 0; i < Classes; i++)
            _free[i] = new Stack<nint>();
    }

    /// <summary>The pool of this process.</summary>
    public static TensorPool Shared { get; } = new(TimeProvider.System);

    /// <summary>Bytes in use by tensors that are alive.</summary>
    public long LiveBytes => Volatile.Read(ref _liveBytes);

    /// <summary>Bytes waiting in the free lists.</summary>
    public long FreeBytes => Volatile.Read(ref _freeBytes);

    /// <summary>Gives all waiting buffers back to the operating system, and what else was freed.</summary>
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

        SystemMemory.GiveBack();
    }

    /// <summary>
    /// For tests: while true, every buffer of this thread is new and lies between two canaries that end exactly where the data
    /// does; writing over one is an error when the buffer is returned, and reading one gives NaN.
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
        _used = true;
        if (TryTake(_free[sizeClass], out nint buffer))
            Interlocked.Add(ref _freeBytes, -size);
        else
            buffer = (nint)NativeMemory.AlignedAlloc((nuint)size, Alignment);

        // Counted last: an allocation that fails leaves nothing alive.
        Interlocked.Add(ref _liveBytes, size);
        return (void*)buffer;
    }

    /// <summary>
    /// Memory that is not kept when it is returned, all zeros unless it is guarded. Large buffers come fresh from the system,
    /// which clears a page when it is first touched: whoever fills a weight from many threads pays for its pages there, and once.
    /// </summary>
    internal void* RentLasting(long bytes, out int sizeClass)
    {
        if (Guarded)
            return Rent(bytes, out sizeClass);
        sizeClass = LastingClass;
        byte* block = (byte*)NativeMemory.AllocZeroed((nuint)(bytes + Alignment + sizeof(nint)));
        nint* buffer = (nint*)((nint)(block + sizeof(nint) + Alignment - 1) & -Alignment);
        buffer[-1] = (nint)block;
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
            NativeMemory.Free((void*)((nint*)buffer)[-1]);
            Interlocked.Add(ref _liveBytes, -bytes);
            return;
        }

        if (sizeClass == GuardedClass)
        {
            ReturnGuarded((byte*)buffer);
            return;
        }

        long size = ClassBytes(sizeClass);
        if (Poisons)
            NativeMemory.Fill(buffer, (nuint)size, 0xFF);
        Interlocked.Add(ref _liveBytes, -size);
        Interlocked.Add(ref _freeBytes, size);
        Stack<nint> free = _free[sizeClass];
        lock (free)
            free.Push((nint)buffer);

        // After the push: a look that stops the clock before sees the buffer when it trims.
        if (Volatile.Read(ref _clockRuns) == 0)
            StartClock();
    }

    /// <summary>The timer has no thread of its own, and none is kept while nothing waits in the free lists.</summary>
    private void StartClock()
    {
        if (Interlocked.Exchange(ref _clockRuns, 1) != 0)
            return;
        _quietLooks = 0;
        TimeSpan period = IdleTime / LooksPerIdleTime;
        if (_clock is { } clock)
        {
            clock.Change(period, period);
            return;
        }

        // What flows with the first caller is no business of the others'.
        using AsyncFlowControl flow = ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow();
        _clock = _time.CreateTimer(static pool => ((TensorPool)pool!).Look(), this, period, period);
    }

    private void Look()
    {
        bool used = _used;
        _used = false;
        _quietLooks = used ? 0 : _quietLooks + 1;
        if (_quietLooks < LooksPerIdleTime)
            return;
        _clock?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Interlocked.Exchange(ref _clockRuns, 0);
        Trim();
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

    /// <summary>
    /// The smallest class of at least <paramref name="bytes"/> bytes: classes are (4 + q) * 2^(e - 2), from 256.
    /// </summary>
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
