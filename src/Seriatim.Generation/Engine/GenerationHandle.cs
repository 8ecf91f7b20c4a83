using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Seriatim.Generation;

/// <summary>
/// A request under way. Enumerate it for the tokens as they come (once), or await <see cref="Completion"/> for the result; either
/// may be left out. Leaving the enumeration early cancels the request.
/// </summary>
/// <remarks>
/// The engine never waits for a slow reader, whose neighbours would wait with it. A request whose stream nobody reads, and whose
/// <see cref="Completion"/> nobody has asked for, is set aside once <see cref="EngineOptions.MaxUnreadUpdates"/>
/// wait, and goes on when they have been read.
/// </remarks>
public sealed class GenerationHandle : IAsyncEnumerable<GenerationUpdate>
{
    private readonly Channel<GenerationUpdate> _updates = Channel.CreateUnbounded<GenerationUpdate>(
        new UnboundedChannelOptions { SingleWriter = true, SingleReader = true });

    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<StateWish> _wishes = new();
    private readonly Action _wake;
    private readonly CancellationToken _token;
    private CancellationTokenRegistration _registration;
    private volatile bool _cancelled;
    private volatile bool _awaited;
    private volatile bool _ended;
    private bool _paused;
    private int _unread;
    private int _read;

    internal GenerationHandle(long number, ulong seed, Action wake, CancellationToken token) =>
        (Number, Seed, _wake, _token) = (number, seed, wake, token);

    /// <summary>Number of the request in its engine.</summary>
    public long Number { get; }

    /// <summary>The seed of its random numbers: the request's, or the one that was drawn for it.</summary>
    public ulong Seed { get; }

    /// <summary>
    /// The result. Fails with what went wrong, or with <see cref="OperationCanceledException"/>; so does the enumeration. Of a
    /// request that was exported: with <see cref="RequestMovedException"/>; its stream ends where it left.
    /// </summary>
    public Task<GenerationResult> Completion
    {
        get
        {
            if (!_awaited)
            {
                _awaited = true;
                _wake();
            }

            return _completion.Task;
        }
    }

    /// <summary>
    /// The same for those who only watch (logs, metrics): unlike <see cref="Completion"/> it does not say that the stream need
    /// not be read.
    /// </summary>
    public Task<GenerationResult> Outcome => _completion.Task;

    /// <summary>
    /// What it has used once it has ended, whether with a result, by an error or cancelled; null: it runs, or the engine has
    /// ended without it.
    /// </summary>
    internal GenerationUsage? Used { get; set; }

    internal bool IsCancelled => _cancelled;

    /// <summary>Updates that may wait to be read.</summary>
    internal int MaxUnread { get; init; } = int.MaxValue;

    /// <summary>Whether nobody is going to read its stream.</summary>
    internal bool IsSilent { get; init; }

    /// <summary>Whether it waits for its reader; for the engine's thread.</summary>
    internal bool IsPaused
    {
        get
        {
            int unread = Volatile.Read(ref _unread);
            return _paused = !_awaited && (_paused ? unread > MaxUnread / 2 : unread >= MaxUnread);
        }
    }

    /// <summary>Whether somebody wants to have its state; for the engine's thread.</summary>
    internal bool WantsState => !_wishes.IsEmpty;

    /// <summary>Ends the request at the next step; its pages are given back. Does nothing if it has ended.</summary>
    public void Cancel()
    {
        _cancelled = true;
        _wake();
    }

    /// <summary>
    /// Takes the request out of the engine between two steps: its pages are given back, and its state can go on in this or any
    /// other engine of the same model, to the same end.
    /// </summary>
    /// <exception cref="InvalidOperationException">It ends, or is exported by somebody else, before.</exception>
    public Task<RequestState> ExportAsync() => WishState(leaves: true);

    /// <summary>A copy of the state between two steps; the request goes on.</summary>
    /// <exception cref="InvalidOperationException">It ends, or is exported, before.</exception>
    public Task<RequestState> SnapshotAsync() => WishState(leaves: false);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It is enumerated a second time; there is one stream.</exception>
    public IAsyncEnumerator<GenerationUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _read, 1) != 0)
        {
            throw new InvalidOperationException(
                "The stream of a request can be read once; await Completion for the whole result.");
        }
        return ReadAsync(cancellationToken);
    }

    private async IAsyncEnumerator<GenerationUpdate> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Not through the reader's own enumerable: an exception must come out as it was thrown.
            while (await _updates.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (_updates.Reader.TryRead(out GenerationUpdate update))
                {
                    if (Interlocked.Decrement(ref _unread) == MaxUnread / 2)
                        _wake();
                    yield return update;
                }
            }
        }
        finally
        {
            if (!_completion.Task.IsCompleted)
                Cancel();
        }
    }

    internal void Register() =>
        _registration = _token.UnsafeRegister(static handle => ((GenerationHandle)handle!).Cancel(), this);

    internal void Write(in GenerationUpdate update)
    {
        if (IsSilent)
            return;
        Interlocked.Increment(ref _unread);
        _updates.Writer.TryWrite(update);
    }

    /// <summary>Gives the state to those who want it, until it leaves the engine with one of them.</summary>
    /// <param name="state">
    /// The state to give away, with all that ties it to the engine cut (true), or a copy. What it throws (a processor that
    /// cannot be saved) is told to whoever asked.
    /// </param>
    internal void GiveState(Func<bool, RequestState> state)
    {
        while (_wishes.TryDequeue(out StateWish? wish))
        {
            RequestState given;
            try
            {
                given = state(wish.Leaves);
            }
            catch (Exception exception)
            {
                wish.Completion.TrySetException(exception);
                continue;
            }

            if (wish.Leaves)
            {
                _completion.TrySetException(new RequestMovedException(Number));
                _ = _completion.Task.Exception;
                End(null);
            }

            // Last: whoever gets it may go on with it at once.
            wish.Completion.TrySetResult(given);
            if (wish.Leaves)
                return;
        }
    }

    /// <summary>Streams a choice that is known only at the end: its text comes with the last token.</summary>
    internal void WriteChoice(GenerationChoice choice)
    {
        for (int i = 0; i < choice.TokenIds.Count; i++)
        {
            bool isLast = i == choice.TokenIds.Count - 1;
            string text = isLast ? choice.Text : "";
            Write(new GenerationUpdate
            {
                Choice = choice.Index,
                TokenId = choice.TokenIds[i],
                Text = text,
                Logprobs = choice.Logprobs?[i],
                Finish = isLast ? choice.Finish : null,
            });
        }

        if (choice.TokenIds.Count == 0)
            Write(new GenerationUpdate { Choice = choice.Index, Text = choice.Text, Finish = choice.Finish });
    }

    internal void Complete(GenerationResult result)
    {
        _completion.TrySetResult(result);
        End(null);
    }

    internal void Fail(Exception exception)
    {
        _completion.TrySetException(exception);

        // Seen: a caller who only reads the stream gets it there.
        _ = _completion.Task.Exception;
        End(exception);
    }

    internal void CompleteCancelled()
    {
        var exception = new OperationCanceledException("The request was cancelled.", _token);
        _completion.TrySetCanceled(_token);
        End(exception);
    }

    private void End(Exception? exception)
    {
        _updates.Writer.TryComplete(exception);
        _registration.Dispose();
        _ended = true;
        while (_wishes.TryDequeue(out StateWish? wish))
            wish.Completion.TrySetException(Gone());
    }

    private Task<RequestState> WishState(bool leaves)
    {
        var wish = new StateWish(leaves,
            new TaskCompletionSource<RequestState>(TaskCreationOptions.RunContinuationsAsynchronously));
        _wishes.Enqueue(wish);
        _wake();
        if (_ended)
            wish.Completion.TrySetException(Gone());
        return wish.Completion.Task;
    }

    private InvalidOperationException Gone() =>
        new($"Request {Number} has ended or was exported; there is no state to go on from.");

    private sealed record StateWish(bool Leaves, TaskCompletionSource<RequestState> Completion);
}
