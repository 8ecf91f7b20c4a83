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
/// A small team of threads for parallel loops of a few microseconds: workers spin for a moment, then sleep. Each thread walks
/// through its own run of neighbouring pieces and, when that is done, takes half of what another has left; what a piece computes
/// does not depend on who does it, so neither do results.
/// </summary>
/// <remarks>
/// The calling thread works too. A worker that sleeps is woken but never waited for: the caller only waits for workers that have
/// taken part. Calls from several threads are allowed and follow one another; calls from within a piece are not.
/// </remarks>
internal sealed unsafe class WorkerTeam : IDisposable
{
    private const int SpinRounds = 1000;
    private const long Open = 1L << 32;

    private readonly Thread[] _threads;
    private readonly Scratch[] _scratch;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly object _busy = new();
    private delegate*<void*, int, int, void> _run;
    private void* _work;
    private int _sleepers;
    private readonly PieceRun[] _runs;
    private Counters _counters;
    private volatile bool _stopped;
    private Exception? _failure;
    private bool _guarded; // TensorPool.Guarded of the thread that asked for the pieces

    /// <summary>
    /// The team whose pieces this thread is doing: one more call from there would wait
    /// for itself, or take the runs from under it.
    /// </summary>
    [ThreadStatic]
    private static WorkerTeam? _inside;

    /// <summary>Whether this thread is doing a piece of some team.</summary>
    internal static bool IsInside => _inside is not null;

    /// <summary>Starts a team.</summary>
    /// <param name="threads">Threads in all, the caller included; at least 1.</param>
    public WorkerTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        _scratch = new Scratch[threads];
        for (int i = 0; i < threads; i++)
            _scratch[i] = new Scratch();
        _runs = GC.AllocateArray<PieceRun>(threads + 1, pinned: true);
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

    /// <summary>The scratch memory of one worker, free for a piece of work that begins.</summary>
    public Scratch ScratchOf(int worker) => _scratch[worker].Begin(_guarded);

    /// <summary>Multiply-adds, or elements, that are worth waking another thread for.</summary>
    public const long SmallestShare = 64 * 1024;

    /// <summary>Does all pieces and returns when they are done.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="work">What they do.</param>
    /// <param name="cost">
    /// About how many multiply-adds they are in all; below <see cref="SmallestShare"/> the caller works alone.
    /// </param>
    /// <exception cref="InvalidOperationException">The call comes from within a piece of this team.</exception>
    /// <exception cref="ObjectDisposedException">The team was stopped.</exception>
    public void Run<TWork>(int pieces, ref TWork work, long cost = long.MaxValue)
        where TWork : struct, IWork
    {
        if (pieces <= 0)
            return;
        RequireOutside("run more pieces");
        lock (_busy)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            WorkerTeam? outer = _inside;
            _inside = this;
            _guarded = TensorPool.Guarded;
            try
            {
                RunAll(pieces, ref work, cost);
            }
            finally
            {
                _inside = outer;
            }
        }
    }

    /// <summary>Waits for the calls that run, then stops the threads. A second time nothing happens.</summary>
    /// <exception cref="InvalidOperationException">The call comes from within a piece of this team.</exception>
    public void Dispose()
    {
        RequireOutside("be stopped");
        lock (_busy)
        {
            if (_stopped)
                return;
            _stopped = true;
            Interlocked.Increment(ref _counters.Epoch);
            _wake.Release(Math.Max(1, _threads.Length));
            foreach (Thread thread in _threads)
                thread.Join();
            foreach (Scratch scratch in _scratch)
                scratch.Dispose();
            _wake.Dispose();
        }
    }

    private void RequireOutside(string what)
    {
        if (_inside == this)
        {
            throw new InvalidOperationException(
                $"A piece of work asked its own team of {Threads} threads to {what}; it has to return first.");
        }
    }

    private void RunAll<TWork>(int pieces, ref TWork work, long cost)
        where TWork : struct, IWork
    {
        if (pieces > 1 && _threads.Length > 0 && cost >= SmallestShare)
        {
            RunTogether(pieces, ref work);
            return;
        }

        for (int piece = 0; piece < pieces; piece++)
        {
            Piece<TWork>(Unsafe.AsPointer(ref work), piece, 0);
            if (_guarded)
                _scratch[0].Check();
        }
    }

    private void RunTogether<TWork>(int pieces, ref TWork work)
        where TWork : struct, IWork
    {
        // The work stays on this thread's stack: nobody leaves this method while a worker may read it.
        _work = Unsafe.AsPointer(ref work);
        _run = &Piece<TWork>;
        _failure = null;
        for (int worker = 0; worker < Threads; worker++)
        {
            Volatile.Write(ref _runs[worker].Left,
                Left((int)((long)pieces * worker / Threads), (int)((long)pieces * (worker + 1) / Threads)));
        }
        Interlocked.Exchange(ref _counters.Members, Open);
        Interlocked.Increment(ref _counters.Epoch);
        int sleepers = Volatile.Read(ref _sleepers);
        if (sleepers > 0)
            _wake.Release(sleepers);
        TakePieces(0);
        var spinner = default(SpinWait);
        while (Volatile.Read(ref _counters.Members) != Open
            || Interlocked.CompareExchange(ref _counters.Members, 0, Open) != Open)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }
        if (_failure is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Calls one piece, and only calls it.</summary>
    /// <remarks>
    /// Not optimised on purpose: nothing is inlined here, so that <see cref="IWork.Do"/> stays a method of its own. When the JIT,
    /// some calls later, optimised this method again and took a kernel into it, its limit on inlining left the innermost lane
    /// operations as calls: element-wise kernels took twenty to forty times as long.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoOptimization)]
    private static void Piece<TWork>(void* work, int piece, int worker)
        where TWork : struct, IWork => Unsafe.AsRef<TWork>(work).Do(piece, worker);

    private void TakePieces(int worker)
    {
        try
        {
            do
            {
                while (TakeOne(ref _runs[worker].Left, out int piece))
                {
                    _run(_work, piece, worker);
                    if (_guarded)
                        _scratch[worker].Check();
                }
            }
            while (TakeHalf(worker));
        }
        catch (Exception failure)
        {
            _failure = failure;
            foreach (ref PieceRun run in _runs.AsSpan())
                Volatile.Write(ref run.Left, 0);
        }
    }

    /// <summary>Takes the first piece of a run.</summary>
    private static bool TakeOne(ref long run, out int piece)
    {
        long left = Volatile.Read(ref run);
        while (true)
        {
            piece = (int)left;
            if (piece >= (int)(left >> 32))
                return false;
            long now = Interlocked.CompareExchange(ref run, left + 1, left);
            if (now == left)
                return true;
            left = now;
        }
    }

    /// <summary>Moves the last half of another thread's run to this thread's, which is empty.</summary>
    private bool TakeHalf(int worker)
    {
        for (int other = 1; other < Threads; other++)
        {
            ref long run = ref _runs[(worker + other) % Threads].Left;
            long left = Volatile.Read(ref run);
            while ((int)left < (int)(left >> 32))
            {
                (int first, int end) = ((int)left, (int)(left >> 32));
                int middle = first + (end - first) / 2;
                long now = Interlocked.CompareExchange(ref run, Left(first, middle), left);
                if (now == left)
                {
                    Volatile.Write(ref _runs[worker].Left, Left(middle, end));
                    return true;
                }

                left = now;
            }
        }

        return false;
    }

    private static long Left(int first, int end) => ((long)end << 32) | (uint)first;

    private void Serve(int worker)
    {
        _inside = this;
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

    /// <summary>
    /// What threads write while others read it: a pair of cache lines each, because lines are fetched in pairs.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 512)]
    private struct Counters
    {
        [FieldOffset(256)]
        public long Members; // Open while workers may join; the low half counts those who have.

        [FieldOffset(384)]
        public int Epoch;
    }

    /// <summary>The pieces a thread still has: the first one and, in the high half, the end. On lines of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct PieceRun
    {
        [FieldOffset(128)]
        public long Left;
    }
}
