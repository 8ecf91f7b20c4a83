using Seriatim.Generation;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>A run of a request in an engine here, for a door that asks for its news.</summary>
internal sealed class ReplicaRun : IAsyncDisposable
{
    private readonly ModelUse _use;
    private readonly GenerationHandle _handle;
    private readonly IAsyncEnumerator<GenerationUpdate> _updates;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private Task<bool>? _next;
    private Task<RequestState>? _export;
    private long _asked;
    private int _disposed;

    public ReplicaRun(ModelUse use, GenerationHandle handle, string door, TimeProvider clock)
    {
        (_use, _handle, Door, _clock) = (use, handle, door, clock);
        _updates = handle.GetAsyncEnumerator();
        _asked = clock.GetTimestamp();
    }

    /// <summary>Name of the silo whose door asks.</summary>
    public string Door { get; }

    /// <summary>The model.</summary>
    public ModelUse Use => _use;

    /// <summary>How long nobody has asked for it.</summary>
    public TimeSpan Unasked => _clock.GetElapsedTime(Volatile.Read(ref _asked));

    /// <summary>Takes the request out of the engine: what has come out already is told, then the state.</summary>
    public void HandOver() => _export ??= _handle.ExportAsync();

    /// <summary>Cancels what runs.</summary>
    public void Cancel() => _handle.Cancel();

    /// <summary>What has come out, or nothing after the time of a heartbeat.</summary>
    /// <param name="heartbeat">How long to wait for something.</param>
    /// <param name="most">Most updates to give.</param>
    public async Task<RunNews> ReadAsync(TimeSpan heartbeat, int most)
    {
        Volatile.Write(ref _asked, _clock.GetTimestamp());
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _next ??= _updates.MoveNextAsync().AsTask();
            if (!_next.IsCompleted)
                await WaitAsync(_next, heartbeat).ConfigureAwait(false);
            var updates = new List<GenerationUpdate>();
            while (_next is { IsCompletedSuccessfully: true, Result: true } && updates.Count < most)
            {
                updates.Add(_updates.Current);
                _next = _updates.MoveNextAsync().AsTask();
            }

            var news = new RunNews { Updates = RunJson.Write(updates) };
            return _next.IsCompleted && !(_next.IsCompletedSuccessfully && _next.Result)
                ? await EndAsync(news).ConfigureAwait(false) : news;
        }
        finally
        {
            Volatile.Write(ref _asked, _clock.GetTimestamp());
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (!_handle.Outcome.IsCompleted)
            _handle.Cancel();

        // The engine ends the stream at its next step, and only then is its reader free.
        await ((Task)_handle.Outcome).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _gate.WaitAsync().ConfigureAwait(false);
        _gate.Release();
        if (_next is { } next)
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _updates.DisposeAsync().ConfigureAwait(false);
        _use.Dispose();
    }

    private static async Task WaitAsync(Task task, TimeSpan time)
    {
        using var ending = new CancellationTokenSource();
        await Task.WhenAny(task, Task.Delay(time, ending.Token)).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>The stream is over: how.</summary>
    private async Task<RunNews> EndAsync(RunNews news)
    {
        try
        {
            if (_export is { } export)
            {
                await ((Task)export).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (export.IsCompletedSuccessfully)
                    return news with { End = RunEnd.Moved, State = export.Result.ToBytes() };
            }

            GenerationResult result = await _handle.Outcome.ConfigureAwait(false);
            return news with { End = RunEnd.Done, Result = RunJson.Write(result) };
        }
        catch (Exception failure)
        {
            return news with { End = RunEnd.Failed, Failure = failure.Message };
        }
    }
}
