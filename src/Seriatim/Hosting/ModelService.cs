using Microsoft.Extensions.Hosting;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Opens a model once: when the host starts, so that no request waits for it and a missing file stops the start; without a host,
/// when somebody first asks for it. Closes it with the container.
/// </summary>
internal sealed class ModelService<T>(string name, Func<CancellationToken, Task<T>> open, Func<T, GenerationEngine> engineOf)
    : IModelService, IHostedService, IDisposable
    where T : class, IDisposable
{
    private readonly Lock _gate = new();
    private Task<T>? _opening;
    private bool _disposed;

    public string Name => name;

    public Task? Opening => _opening;

    public GenerationEngine? Engine => _opening is { IsCompletedSuccessfully: true } opened ? engineOf(opened.Result) : null;

    /// <summary>
    /// The model. Containers build services synchronously; opening runs on other threads, so waiting here cannot lock up.
    /// </summary>
    public T Value => OpenAsync(CancellationToken.None).GetAwaiter().GetResult();

    public Task StartAsync(CancellationToken cancellationToken) => OpenAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        Task<T>? opening;
        lock (_gate)
        {
            if (_disposed)
                return;
            (_disposed, opening) = (true, _opening);
        }

        if (opening is null)
            return;
        Task.WhenAny(opening).GetAwaiter().GetResult();
        if (opening.IsCompletedSuccessfully)
            opening.Result.Dispose();
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
