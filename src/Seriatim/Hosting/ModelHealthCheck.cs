using Microsoft.Extensions.Diagnostics.HealthChecks;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Healthy: every model is open and its engine answers. Degraded: an engine's queue is full, so that new requests are refused, or
/// its last step broke off.
/// Unhealthy (or what the registration says): a model is not open, could not be opened, or was closed.
/// </summary>
internal sealed class ModelHealthCheck(IEnumerable<IModelService> models) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context,
        CancellationToken cancellationToken = default)
    {
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        var full = new List<string>();
        foreach (IModelService model in models)
        {
            try
            {
                if (model.Engine is not { } engine)
                    return Failed(context, model, model.Opening?.Exception?.InnerException, data);

                // Between two steps: an engine that hangs does not answer, and the time of the check is over.
                EngineStatistics statistics = await engine.GetStatisticsAsync()
                    .WaitAsync(cancellationToken).ConfigureAwait(false);
                data[$"{model.Name}: running"] = statistics.Running;
                data[$"{model.Name}: waiting"] = statistics.Waiting;
                data[$"{model.Name}: pages used"] = statistics.PagesUsed;
                data[$"{model.Name}: pages"] = statistics.Pages;
                data[$"{model.Name}: faults"] = engine.Health.Faults;
                if (engine.Health is { State: EngineState.Recovering, LastFault: { } fault })
                    full.Add($"{model.Name}: the last step broke off ({fault.Message}); it goes on from its requests.");
                if (statistics.Waiting >= engine.Options.MaxQueuedRequests)
                    full.Add($"{model.Name}: {statistics.Waiting} requests wait, as many as may.");
            }
            catch (ObjectDisposedException exception)
            {
                return Failed(context, model, exception, data);
            }
        }

        return full.Count > 0
            ? HealthCheckResult.Degraded(string.Join(' ', full), null, data)
            : HealthCheckResult.Healthy(null, data);
    }

    private static HealthCheckResult Failed(HealthCheckContext context, IModelService model, Exception? failure,
        IReadOnlyDictionary<string, object> data)
    {
        string what = failure is ObjectDisposedException
            ? "was closed"
            : failure is not null ? $"could not be opened: {failure.Message}"
                : model.Opening is null ? "is not open: no host has started" : "is being opened";
        return new HealthCheckResult(context.Registration.FailureStatus, $"{model.Name} {what}", failure, data);
    }
}
