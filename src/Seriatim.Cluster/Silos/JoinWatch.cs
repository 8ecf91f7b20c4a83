using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Seriatim.Cluster;

/// <summary>Says that a silo does not get into its cluster, which would otherwise wait without a word.</summary>
/// <param name="options">Which cluster.</param>
/// <param name="loggers">The loggers.</param>
internal sealed class JoinWatch(ClusterOptions options, ILoggerFactory loggers) : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _joined = new();

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _ = WatchAsync();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => _joined.CancelAsync();

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _joined.Dispose();

    private async Task WatchAsync()
    {
        ILogger logger = loggers.CreateLogger(ClusterLog.Category);
        CancellationToken joined = _joined.Token;
        using var timer = new PeriodicTimer(Patience);
        try
        {
            while (await timer.WaitForNextTickAsync(joined).ConfigureAwait(false))
            {
                ClusterLog.NotJoined(logger, options.Name,
                    options.Certificate is null ? "this silo has no certificate, and nothing it sends is encrypted"
                        : "this silo sends nothing that is not encrypted");
            }
        }
        catch (OperationCanceledException)
        {
            // It is in.
        }
    }
}
