using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Numerics;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// The names under which this library measures itself, by the OpenTelemetry semantic conventions for generative AI.
/// Nothing is measured unless somebody listens.
/// </summary>
public static class SeriatimTelemetry
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "Seriatim";

    /// <summary>Category of what engines log; models log under <see cref="Name"/>.</summary>
    public const string EngineCategory = "Seriatim.Engine";

    // The boundaries of the conventions, continued downwards: a small model in this process answers in milliseconds.
    private static readonly double[] OperationSeconds =
        [0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    private static readonly double[] FirstTokenSeconds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private static readonly double[] EachTokenSeconds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

    private static readonly long[] TokenCounts =
        [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

    private static readonly AsyncLocal<bool> Adapted = new();
    private static readonly Lock Gate = new();
    private static readonly List<OpenedModel> Models = [];

    static SeriatimTelemetry()
    {
        Gauge("seriatim.requests.running", "{request}", "Requests that run.", load => load.Running);
        Gauge("seriatim.requests.waiting", "{request}", "Requests that wait.", load => load.Waiting);
        Gauge("seriatim.pages.used", "{page}", "Pages of keys and values that sequences or the prefix cache hold.",
            load => load.PagesInUse);
        Gauge("seriatim.pages.cached", "{page}", "Of these, pages that only the prefix cache holds.", load => load.PagesCached);
        Gauge("seriatim.pages.limit", "{page}", "Pages of keys and values there are.", load => load.Pages);
        Gauge("seriatim.states.used", "{state}", "Recurrent states that sequences or the prefix cache hold.",
            load => load.StatesInUse);
        Gauge("seriatim.states.limit", "{state}", "Recurrent states there are.", load => load.States);
        Meter.CreateObservableCounter("seriatim.tokens", MeasureTokens, "{token}",
            "Tokens of requests that ended, by gen_ai.token.type: input, cached (of the input, from the prefix cache), output.");
        Counter("seriatim.prefix.hits", "{request}", "Requests that began with what the prefix cache had.", t => t.PrefixHits);
        Counter("seriatim.preemptions", "{preemption}", "How often the pages of a request were taken away.", t => t.Preemptions);
    }

    internal static ActivitySource Activities { get; } = new(Name);

    internal static Meter Meter { get; } = new(Name);

    internal static Histogram<double> Duration { get; } =
        Seconds("gen_ai.client.operation.duration", "Time of a request.", OperationSeconds);

    internal static Histogram<long> Tokens { get; } = Meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Tokens of a request, by gen_ai.token.type.", null,
        new InstrumentAdvice<long> { HistogramBucketBoundaries = TokenCounts });

    internal static Histogram<double> ServerDuration { get; } =
        Seconds("gen_ai.server.request.duration", "Time of a request in the engine.", OperationSeconds);

    internal static Histogram<double> FirstToken { get; } =
        Seconds("gen_ai.server.time_to_first_token", "Time from submission to the first token.", FirstTokenSeconds);

    internal static Histogram<double> EachToken { get; } =
        Seconds("gen_ai.server.time_per_output_token", "Time of each token after the first.", EachTokenSeconds);

    /// <summary>
    /// Whether a request comes from an adapter of Microsoft.Extensions.AI. There the client's side is measured by whoever wants
    /// it with <c>UseOpenTelemetry</c>, under the same names: measured here too, every number would come twice.
    /// </summary>
    internal static bool IsAdapted => Adapted.Value;

    /// <summary>The server through which what is asked here comes; null: through none.</summary>
    internal static AsyncLocal<ServedAt?> Served { get; } = new();

    /// <summary>What begins until this is disposed, or the async method that says it returns, comes from an adapter.</summary>
    internal static AdapterScope InAdapter()
    {
        Adapted.Value = true;
        return default;
    }

    internal static void Opened(OpenedModel model)
    {
        lock (Gate)
            Models.Add(model);
    }

    internal static void Closed(OpenedModel model)
    {
        lock (Gate)
            Models.Remove(model);
    }

    private static Histogram<double> Seconds(string name, string description, double[] boundaries) =>
        Meter.CreateHistogram(name, "s", description, null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = boundaries });

    private static void Gauge(string name, string unit, string description, Func<EngineLoad, int> value) =>
        Meter.CreateObservableGauge(name, () => Measure(value), unit, description);

    private static void Counter(string name, string unit, string description, Func<ModelTotals, long> value) =>
        Meter.CreateObservableCounter(name, () => Measure(model => value(model.Totals)), unit, description);

    private static IEnumerable<Measurement<int>> Measure(Func<EngineLoad, int> value) =>
        Measure(model => value(model.Engine.Load));

    private static IEnumerable<Measurement<long>> MeasureTokens() =>
    [
        .. Measure(model => model.Totals.Input, ("gen_ai.token.type", "input")),
        .. Measure(model => model.Totals.Cached, ("gen_ai.token.type", "cached")),
        .. Measure(model => model.Totals.Output, ("gen_ai.token.type", "output")),
    ];

    /// <summary>One number for each model; those that are open twice are added up.</summary>
    private static IEnumerable<Measurement<T>> Measure<T>(
        Func<OpenedModel, T> value, params (string Key, string Value)[] tags)
        where T : struct, INumber<T>
    {
        OpenedModel[] models;
        lock (Gate)
            models = [.. Models];
        return [.. models.GroupBy(model => model.Name, StringComparer.Ordinal).Select(group => new Measurement<T>(
            group.Aggregate(T.Zero, (sum, model) => sum + value(model)),
            [
                new("gen_ai.request.model", group.Key),
                .. tags.Select(tag => new KeyValuePair<string, object?>(tag.Key, tag.Value)),
            ]))];
    }

    /// <summary>Ends what <see cref="InAdapter"/> began.</summary>
    internal readonly struct AdapterScope : IDisposable
    {
        public void Dispose() => Adapted.Value = false;
    }
}
