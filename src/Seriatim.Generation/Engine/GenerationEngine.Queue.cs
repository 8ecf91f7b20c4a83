using System.Collections.Concurrent;

namespace Seriatim.Generation;

/// <content>The queue before the engine's thread, and the thread.</content>
public sealed partial class GenerationEngine
{
    /// <summary>Who waits for a place in the queue. A place that was given is counted already.</summary>
    private readonly ConcurrentQueue<TaskCompletionSource> _outside = new();

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (TryEnter(out int waiting))
            return;
        if (_options.Logger is { } logger)
            EngineEvents.QueueFull(logger, waiting, _options.MaxQueuedRequests);
        throw new EngineOverloadedException(waiting, _options.MaxQueuedRequests);
    }

    /// <summary>Gives a place in the queue back that was not used.</summary>
    private void Leave()
    {
        Interlocked.Decrement(ref _queued);
        _signal.Release();
    }

    private bool TryEnter(out int waiting)
    {
        int queued = Interlocked.Increment(ref _queued);
        waiting = queued + _core.Waiting - 1;
        if (waiting < _options.MaxQueuedRequests)
            return true;
        Interlocked.Decrement(ref _queued);
        return false;
    }

    private async Task EnterWhenFreeAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_stopping, this);
        if (_outside.IsEmpty && TryEnter(out _))
            return;
        var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            _outside.Enqueue(place);
        }

        _signal.Release();
        await using (cancellationToken.UnsafeRegister(static (state, token) =>
            ((TaskCompletionSource)state!).TrySetCanceled(token), place).ConfigureAwait(false))
        {
            await place.Task.ConfigureAwait(false);
        }
    }

    /// <summary>Gives free places to those who wait outside; by the engine's thread only.</summary>
    private void LetIn()
    {
        while (!_outside.IsEmpty && TryEnter(out _))
        {
            if (!_outside.TryDequeue(out TaskCompletionSource? place) || !place.TrySetResult())
                Interlocked.Decrement(ref _queued);
        }
    }

    /// <summary>
    /// Gives the engine's thread something to do between two steps, or fails it at once if the thread has gone.
    /// </summary>
    private void Post(Incoming incoming)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _incoming.Enqueue(incoming);
                _signal.Release();
                return;
            }
        }

        incoming.Fail(new ObjectDisposedException(nameof(GenerationEngine)));
    }

    private void Run()
    {
        while (!_stopping)
        {
            while (_incoming.TryDequeue(out Incoming? incoming))
                Take(incoming);
            LetIn();
            if (TryStep())
                continue;

            // Signals that came in while there was work are taken together; what they announced is in the queue. Requests that
            // wait for their readers may run out of time meanwhile.
            _signal.Wait(_core.IsIdle ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(250));
            while (_signal.Wait(0))
            {
            }
        }

        try
        {
            Close();
            _core.Dispose();
        }
        finally
        {
            Volatile.Write(ref _health, Health with { State = EngineState.Stopped });
            _ended.TrySetResult();
        }
    }

    /// <summary>Nobody gets in any more, and nobody who stands before the door waits for ever.</summary>
    private void Close()
    {
        lock (_gate)
            _closed = true;
        while (_incoming.TryDequeue(out Incoming? incoming))
            incoming.Fail(new OperationCanceledException("The engine was disposed."));
        while (_outside.TryDequeue(out TaskCompletionSource? place))
            place.TrySetException(new OperationCanceledException("The engine was disposed."));
    }

    private void Take(Incoming incoming)
    {
        try
        {
            incoming.Add();
        }
        catch (Exception exception)
        {
            incoming.Fail(exception);
        }

        // It waits in the scheduler by now: for a moment it counts twice, and never not at all.
        if (incoming.HasPlace)
            Interlocked.Decrement(ref _queued);
    }

    private bool TryStep()
    {
        try
        {
            bool worked = _core.Step();
            if (_failed)
                Volatile.Write(ref _health, Health with { State = EngineState.Working });
            _failed = false;
            return worked;
        }
        catch (Exception exception)
        {
            Recover(exception);
            return true;
        }
    }

    private void Recover(Exception exception)
    {
        Volatile.Write(ref _health, new EngineHealth
        {
            State = EngineState.Recovering,
            Faults = Health.Faults + 1,
            LastFault = exception,
        });
        try
        {
            _core.Recover(exception, _failed);
        }
        catch (Exception)
        {
            // Not even that could be done (no memory left, say): the next step fails again, and its requests with it.
        }

        _failed = true;
    }

    /// <summary>What the engine's thread does between two steps.</summary>
    /// <param name="Add">That.</param>
    /// <param name="Fail">Tells whoever waits for it that it cannot be done.</param>
    /// <param name="HasPlace">Whether it has a place in the queue, which it then leaves.</param>
    private sealed record Incoming(Action Add, Action<Exception> Fail, bool HasPlace);
}
