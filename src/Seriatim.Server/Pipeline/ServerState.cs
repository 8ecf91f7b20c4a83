namespace Seriatim.Server;

/// <summary>
/// Whether the server takes requests, and which run. Draining it refuses new ones and waits for those that run; killing it
/// cancels them.
/// </summary>
internal sealed class ServerState : IDisposable
{
    private readonly CancellationTokenSource _killed = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource? _empty;
    private int _running;

    /// <summary>Whether all models that are opened at the start are open.</summary>
    public bool IsReady { get; set; }

    public bool IsDraining { get; private set; }

    /// <summary>Cancelled when what runs is to end at once.</summary>
    public CancellationToken Killed => _killed.Token;

    /// <summary>Requests that run.</summary>
    public int Running
    {
        get
        {
            lock (_gate)
                return _running;
        }
    }

    /// <summary>Begins a request.</summary>
    /// <exception cref="ApiException">The server takes none any more.</exception>
    public void Enter()
    {
        lock (_gate)
        {
            if (IsDraining)
                throw new ApiException(ErrorTable.Draining);
            _running++;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_running == 0)
                _empty?.TrySetResult();
        }
    }

    /// <summary>Takes no new requests, and waits for those that run.</summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            IsDraining = true;
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_running == 0)
                _empty.TrySetResult();
            return _empty.Task;
        }
    }

    /// <summary>Cancels what runs.</summary>
    public void Kill() => _killed.Cancel();

    public void Dispose() => _killed.Dispose();
}
