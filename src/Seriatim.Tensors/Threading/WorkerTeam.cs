using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>Work that can be done in independent pieces, in any order, by any thread.</summary>
internal interface IWork
{
    /// <summary>Does one piece. Pieces must not write to the same memory.</summary>
    /// <param name="piece">0 to the number of pieces - 1.</param>
    /// <param name="worker">Number of the thread within the team, for its scratch memory.</param>
    void Do(int piece, int worker);
}

/// <summary>
/// A small team of threads for parallel loops of a few microseconds: workers spin for a moment, then sleep. Pieces are handed
/// out by a counter; what a piece computes does not depend on who does it, so neither do results.
/// </summary>
/// <remarks>
/// The calling thread works too. A worker that sleeps is woken but never waited for: the caller only waits for workers that have
/// taken part. Calls from several threads are allowed and follow one another; calls from within a piece are not.
/// </remarks>
internal sealed unsafe class WorkerTeam : IDisposable
{
    private const int SpinRounds = 1000;
    private const long Open = 1L << 32;

    /// <summary>A thread takes this part of its share of the remaining pieces at once.</summary>
    private const int Shares = 4;

    private readonly Thread[] _threads;
    private readonly Scratch[] _scratch;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly object _busy = new();
    private delegate*<void*, int, int, void> _run;
    private void* _work;
    private int _pieces;
    private int _sleepers;
    private Counters _counters;
    private volatile bool _stopped;
    private Exception? _failure;

    /// <summary>Starts a team.</summary>
    /// <param name="threads">Threads in all, the caller included; at least 1.</param>
    public WorkerTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _scratch = new Scratch[threads + 1];
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"Seriatim worker {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads in all.</summary>
    public int Threads => _threads.Length + 1;

    /// <summary>At least <paramref name="floats"/> floats for one worker, kept from call to call; contents are undefined.</summary>
    public float* ScratchOf(int worker, long floats)
    {
        ref Scratch scratch = ref _scratch[worker];
        if (scratch.Floats < floats)
        {
            NativeMemory.AlignedFree(scratch.Memory);
            scratch.Memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), TensorPool.Alignment);
            scratch.Floats = floats;
        }

        return scratch.Memory;
    }

    /// <summary>Multiply-adds, or elements, that are worth waking another thread for.</summary>
    public const long SmallestShare = 64 * 1024;

    /// <summary>Does all pieces and returns when they are done.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="work">What they do.</param>
    /// <param name="cost">About how many multiply-adds they are in all; below <see cref="SmallestShare"/> the caller works alone.</param>
    public void Run<TWork>(int pieces, ref TWork work, long cost = long.MaxValue)
        where TWork : struct, IWork
    {
        if (pieces <= 0)
            return;
        lock (_busy)
        {
            if (pieces > 1 && _threads.Length > 0 && cost >= SmallestShare)
            {
                RunTogether(pieces, ref work);
                return;
            }

            for (int piece = 0; piece < pieces; piece++)
                Piece<TWork>(Unsafe.AsPointer(ref work), piece, 0);
        }
    }

    public void Dispose()
    {
        _stopped = true;
        Interlocked.Increment(ref _counters.Epoch);
        _wake.Release(Math.Max(1, _threads.Length));
        foreach (Thread thread in _threads)
            thread.Join();
        foreach (Scratch scratch in _scratch)
            NativeMemory.AlignedFree(scratch.Memory);
        Array.Clear(_scratch);
        _wake.Dispose();
    }

    private void RunTogether<TWork>(int pieces, ref TWork work)
        where TWork : struct, IWork
    {
        // The work stays on this thread's stack: nobody leaves this method while a worker may read it.
        _work = Unsafe.AsPointer(ref work);
        _run = &Piece<TWork>;
        _pieces = pieces;
        _failure = null;
        Volatile.Write(ref _counters.Next, 0);
        Interlocked.Exchange(ref _counters.Members, Open);
        Interlocked.Increment(ref _counters.Epoch);
        int sleepers = Volatile.Read(ref _sleepers);
        if (sleepers > 0)
            _wake.Release(sleepers);
        TakePieces(0);
        var spinner = default(SpinWait);
        while (Interlocked.CompareExchange(ref _counters.Members, 0, Open) != Open)
            spinner.SpinOnce(sleep1Threshold: -1);
        if (_failure is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Calls one piece, and only calls it.</summary>
    /// <remarks>
    /// Not optimised on purpose: nothing is inlined here, so that <see cref="IWork.Do"/> stays a method of its own. When the JIT, some calls
    /// later, optimised this method again and took a kernel into it, its limit on inlining left the innermost lane operations as calls:
    /// element-wise kernels took twenty to forty times as long.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoOptimization)]
    private static void Piece<TWork>(void* work, int piece, int worker)
        where TWork : struct, IWork => Unsafe.AsRef<TWork>(work).Do(piece, worker);

    private void TakePieces(int worker)
    {
        try
        {
            for (int next; (next = Volatile.Read(ref _counters.Next)) < _pieces;)
            {
                // Many at a time while there are many, so that a thread walks through memory and the counter seldom moves between cores.
                int count = Math.Max(1, (_pieces - next) / (Shares * Threads));
                int first = Interlocked.Add(ref _counters.Next, count) - count;
                for (int piece = first; piece < Math.Min(first + count, _pieces); piece++)
                    _run(_work, piece, worker);
            }
        }
        catch (Exception failure)
        {
            _failure = failure;
            Volatile.Write(ref _counters.Next, _pieces);
        }
    }

    private void Serve(int worker)
    {
        int seen = 0;
        while (!_stopped)
        {
            WaitForNews(seen);
            seen = Volatile.Read(ref _counters.Epoch);
            long members = Volatile.Read(ref _counters.Members);
            while (members >= Open)
            {
                long now = Interlocked.CompareExchange(ref _counters.Members, members + 1, members);
                if (now == members)
                {
                    TakePieces(worker);
                    Interlocked.Decrement(ref _counters.Members);
                    break;
                }

                members = now;
            }
        }
    }

    private void WaitForNews(int seen)
    {
        for (int i = 0; i < SpinRounds; i++)
        {
            if (Volatile.Read(ref _counters.Epoch) != seen)
                return;
            Thread.SpinWait(4);
        }

        Interlocked.Increment(ref _sleepers);
        if (Volatile.Read(ref _counters.Epoch) == seen)
            _wake.Wait();
        Interlocked.Decrement(ref _sleepers);
    }

    /// <summary>What threads write while others read it: a pair of cache lines each, because lines are fetched in pairs.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 512)]
    private struct Counters
    {
        [FieldOffset(128)]
        public int Next;

        [FieldOffset(256)]
        public long Members; // Open while workers may join; the low half counts those who have.

        [FieldOffset(384)]
        public int Epoch;
    }

    private struct Scratch
    {
        public float* Memory;
        public long Floats;
    }
}
