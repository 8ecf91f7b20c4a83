using Microsoft.Extensions.Hosting;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Opens a model once: when the host starts, so that no request waits for it and a missing file stops the start; a request that
/// comes earlier awaits that. Without a host it is opened when somebody first asks for it. Closed with the container.
/// </summary>
internal sealed class ModelService<T>(string name, Func<CancellationToken, Task<T>> open, Func<T, GenerationEngine> engineOf)
    : IModelService, IHostedService, IDisposable, IAsyncDisposable
    where T : class, IDisposable, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private Task<T>? _opening;
    private bool _disposed;

    public string Name => name;

    public Task? Opening => _opening;

    public ModelAccess<T> Access => new(
        name, () => _opening is { IsCompletedSuccessfully: true } opened ? opened.Result : null,
        token => OpenAsync(CancellationToken.None).WaitAsync(token));

    public GenerationEngine? Engine => _opening is { IsCompletedSuccessfully: true } opened ? engineOf(opened.Result) : null;

    /// <summary>
    /// The model. Containers build services synchronously; opening runs on other threads, so waiting here cannot lock up.
    /// </summary>
    public T Value => OpenAsync(CancellationToken.None).GetAwaiter().GetResult();

    public Task StartAsync(CancellationToken cancellationToken) => OpenAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        if (TryClose() is not { } opening)
            return;
        Task.WhenAny(opening).GetAwaiter().GetResult();
        if (opening.IsCompletedSuccessfully)
            opening.Result.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        if (TryClose() is not { } opening)
            return;
        await Task.WhenAny(opening).ConfigureAwait(false);

        if (opening.IsCompletedSuccessfully)
            await opening.Result.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What is to be closed; null: nothing was opened, or it is closed already.</summary>
    private Task<T>? TryClose()
    {
        lock (_gate)
        {
            if (_disposed)
                return null;
            _disposed = true;
            return _opening;
        }
    }

    private Task<T> OpenAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);

            // What failed may be tried again: a file may have come since.
            if (_opening is null or { IsFaulted: true } or { IsCanceled: true })
                _opening = Task.Run(() => open(cancellationToken), CancellationToken.None);
            return _opening;
        }
    }
}
