using System.Threading.Channels;

namespace Seriatim.Generation;

/// <summary>
/// A request under way. Enumerate it for the tokens as they come (once), or await <see cref="Completion"/> for the result; either
/// may be left out. Leaving the enumeration early cancels the request.
/// </summary>
/// <remarks>
/// The stream is an unbounded channel: the engine must never wait for a slow reader, whose neighbours would wait with it, and
/// what can pile up is bounded by the tokens that were asked for.
/// </remarks>
public sealed class GenerationHandle : IAsyncEnumerable<GenerationUpdate>
{
    private readonly Channel<GenerationUpdate> _updates = Channel.CreateUnbounded<GenerationUpdate>(
        new UnboundedChannelOptions { SingleWriter = true, SingleReader = true });

    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action _wake;
    private readonly CancellationToken _token;
    private CancellationTokenRegistration _registration;
    private volatile bool _cancelled;

    internal GenerationHandle(long number, ulong seed, Action wake, CancellationToken token) =>
        (Number, Seed, _wake, _token) = (number, seed, wake, token);

    /// <summary>Number of the request in its engine.</summary>
    public long Number { get; }

    /// <summary>The seed of its random numbers: the request's, or the one that was drawn for it.</summary>
    public ulong Seed { get; }

    /// <summary>
    /// The result. Fails with what went wrong, or with <see cref="OperationCanceledException"/>; so does the enumeration.
    /// </summary>
    public Task<GenerationResult> Completion => _completion.Task;

    internal bool IsCancelled => _cancelled;

    /// <summary>Ends the request at the next step; its pages are given back. Does nothing if it has ended.</summary>
    public void Cancel()
    {
        _cancelled = true;
        _wake();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerator<GenerationUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        try
        {
            // Not through the reader's own enumerable: an exception must come out as it was thrown.
            while (await _updates.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (_updates.Reader.TryRead(out GenerationUpdate update))
                    yield return update;
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

    internal void Write(GenerationUpdate update) => _updates.Writer.TryWrite(update);

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
    }
}
