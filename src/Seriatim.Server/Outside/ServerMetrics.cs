using System.Collections.Concurrent;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// What the server counts of requests, by model; what engines count of themselves is read from them when asked.
/// </summary>
internal sealed class ServerMetrics
{
    private readonly ConcurrentDictionary<string, ModelMetrics> _models = new(StringComparer.Ordinal);
    private long _mismatches;

    /// <summary>Requests that were repeated and gave other bytes; must stay 0.</summary>
    public long ReplayMismatches => Volatile.Read(ref _mismatches);

    /// <summary>The numbers of each model that was asked.</summary>
    public IEnumerable<KeyValuePair<string, ModelMetrics>> Models => _models.OrderBy(model => model.Key, StringComparer.Ordinal);

    public void Begin(string model, GenerationRequest request) =>
        _models.GetOrAdd(model, _ => new ModelMetrics()).Begin(request);

    /// <summary>A request has its result.</summary>
    public void End(string model, GenerationRequest request, GenerationResult result) =>
        _models.GetOrAdd(model, _ => new ModelMetrics()).End(request, result);

    /// <summary>A request was cancelled, or failed.</summary>
    public void Break(string model, GenerationUsage? usage, string state) =>
        _models.GetOrAdd(model, _ => new ModelMetrics()).Break(usage, state);

    /// <summary>Tokens were read by a request that generates nothing.</summary>
    public void CountRead(string model, int tokens) => _models.GetOrAdd(model, _ => new ModelMetrics()).CountRead(tokens);

    public void CountMismatch() => Interlocked.Increment(ref _mismatches);
}
