using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Seriatim.Server;

/// <summary>
/// Opens what is to be open from the start, and says when that is done; when the app stops, lets what runs end before the app's
/// own time for stopping is over.
/// </summary>
internal sealed class ServerLifetime(ServerCore server) : IHostedLifecycleService
{
    private Task _opening = Task.CompletedTask;

    /// <summary>How long what was cancelled may take to end, before the server stops without it.</summary>
    internal TimeSpan Mercy { get; init; } = TimeSpan.FromSeconds(10);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Not before the server listens: where it cannot, no model was opened for nothing.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _opening = Task.Run(() => OpenAsync(server.State.Killed), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Before the connections are closed: what streams goes on.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        ServerLog.Draining(server.Logger, server.State.Running);
        Task drained = server.State.DrainAsync();
        if (server.Route is { } route)
            await route.DrainAsync().ConfigureAwait(false);
        using (cancellationToken.UnsafeRegister(static state => ((ServerState)state!).Kill(), server.State))
            await drained.WaitAsync(server.State.Killed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await drained.WaitAsync(Mercy).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            ServerLog.NotDrained(server.Logger, server.State.Running, Mercy.TotalSeconds);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        server.State.Kill();
        await _opening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        bool all = true;
        foreach (ServedModel model in server.Models.Models)
        {
            // Adapters come with their models.
            if (!model.Preloads || model.Parent is not null)
                continue;
            try
            {
                using ModelUse use = await model.UseAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                ServerLog.NotPreloaded(server.Logger, exception, model.Name);
                all = false;
            }
        }

        server.State.IsReady = all;
    }
}
