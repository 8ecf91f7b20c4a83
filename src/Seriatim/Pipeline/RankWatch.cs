using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// Ranks tell each other that they are there: the others to rank 0, and rank 0 to the others. MPI notices processes that end, and
/// waits for ever for one that stands still (stopped, a machine that hangs, a cable that was pulled); whoever hears nothing for
/// too long says so and ends the group.
/// </summary>
/// <remarks>
/// A thread of its own gives and takes the signs, so a rank that computes for long is not silent. Disposing it tells the others
/// that this rank leaves, and waits until they do.
/// </remarks>
internal sealed class RankWatch : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    private readonly ProcessGroup _group;
    private readonly Action<int, TimeSpan> _onSilence;
    private readonly TimeSpan _limit;
    private readonly TimeSpan _pause;
    private readonly Dictionary<int, IncomingMessage> _awaited = [];
    private readonly RankSilence _silence;
    private readonly long[] _residentBytes;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private readonly int[] _ranks;
    private readonly TaskCompletionSource _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isOver;
    private int _isAsked;

    /// <summary>Starts to watch.</summary>
    /// <param name="group">The processes, all of which watch.</param>
    /// <param name="limit">The longest silence; <see cref="Timeout.InfiniteTimeSpan"/>: any.</param>
    /// <param name="onSilence">Told once which rank was silent for how long; nothing is watched after.</param>
    public RankWatch(ProcessGroup group, TimeSpan limit, Action<int, TimeSpan> onSilence)
    {
        (_group, _limit, _onSilence) = (group, limit, onSilence);
        _pause = limit != Timeout.InfiniteTimeSpan && limit / 8 < LongestPause ? limit / 8 : LongestPause;
        _ranks = group.IsFirst ? [.. Enumerable.Range(1, group.Size - 1)] : [0];
        _silence = new RankSilence(_ranks, limit, _pause);
        _residentBytes = new long[group.Size];
        foreach (int rank in _ranks)
            Await(rank);
        _thread = new Thread(Watch) { IsBackground = true, Name = "seriatim-ranks" };
        _thread.Start();
    }

    /// <summary>Memory of a rank's process, as it has said last; null: it has not yet.</summary>
    /// <param name="rank">Another rank.</param>
    public long? ResidentBytesOf(int rank) => Volatile.Read(ref _residentBytes[rank]) is > 0 and var bytes ? bytes : null;

    /// <summary>At rank 0: has something called when another rank was told to stop, on a thread of the pool.</summary>
    /// <param name="stop">What; also if that was before.</param>
    public void OnStopAsked(Action stop) => _ = _stopAsked.Task.ContinueWith(
        _ => stop(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>Above rank 0: tells rank 0 that this process was told to stop.</summary>
    public void AskToStop()
    {
        Interlocked.Exchange(ref _isAsked, 1);
        _wake.Set();
    }

    /// <summary>Tells the others that this rank leaves, and waits until they do.</summary>
    public void Dispose()
    {
        _isOver = true;
        _wake.Set();
        _thread.Join();
        foreach (IncomingMessage message in _awaited.Values)
            message.Dispose();
        _wake.Dispose();
    }

    private void Watch()
    {
        try
        {
            Look();
        }
        catch (Exception)
        {
            // The group has failed: whoever waits for a message of it hears that, and says it.
        }
    }

    private void Look()
    {
        long looked = Stopwatch.GetTimestamp();
        bool hasLeft = false;
        while (!hasLeft || _awaited.Count > 0)
        {
            if (!hasLeft)
                hasLeft = GiveSign();
            foreach (int rank in _awaited.Keys.ToArray())
                TakeSigns(rank);
            _silence.Pass(Stopwatch.GetElapsedTime(looked));
            looked = Stopwatch.GetTimestamp();
            if (_silence.Silent is { } silent)
            {
                _onSilence(silent, _limit);
                return;
            }

            if (!hasLeft || _awaited.Count > 0)
                _wake.WaitOne(_isOver ? TimeSpan.FromMilliseconds(1) : _pause);
        }
    }

    /// <summary>Says that this rank is there; true: that it leaves.</summary>
    private bool GiveSign()
    {
        bool isAsked = Interlocked.Exchange(ref _isAsked, 0) != 0;
        bool leaves = _isOver && !isAsked;
        var sign = new RankSign(
            leaves ? RankSignKind.Leaving : isAsked ? RankSignKind.AskedToStop : RankSignKind.Alive, Environment.WorkingSet);

        // Who has left, too, waits for signs until it has heard the same word.
        foreach (int rank in _ranks)
            _group.Send(rank, PipelineMessages.Sign, MemoryMarshal.AsBytes(new ReadOnlySpan<RankSign>(in sign)));
        return leaves;
    }

    private void TakeSigns(int rank)
    {
        while (_awaited[rank].IsHere)
        {
            RankSign sign;
            using (IncomingMessage message = _awaited[rank])
                sign = MemoryMarshal.Read<RankSign>(message.Wait());
            _silence.Hear(rank);
            Volatile.Write(ref _residentBytes[rank], sign.ResidentBytes);
            if (sign.Kind == RankSignKind.Leaving)
            {
                _awaited.Remove(rank);
                _silence.Forget(rank);
                return;
            }

            Await(rank);
            if (sign.Kind == RankSignKind.AskedToStop)
                _stopAsked.TrySetResult();
        }
    }

    private void Await(int rank) =>
        _awaited[rank] = _group.Receive(rank, PipelineMessages.Sign, Unsafe.SizeOf<RankSign>());
}
