using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Seriatim;

/// <summary>
/// The names under which this library measures itself, by the OpenTelemetry semantic conventions for generative AI. Nothing is measured
/// unless somebody listens.
/// </summary>
public static class SeriatimTelemetry
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "Seriatim";

    internal static ActivitySource Activities { get; } = new(Name);

    internal static Meter Meter { get; } = new(Name);

    internal static Histogram<double> Duration { get; } =
        Meter.CreateHistogram<double>("gen_ai.client.operation.duration", "s", "Time of a request.");

    internal static Histogram<long> Tokens { get; } =
        Meter.CreateHistogram<long>("gen_ai.client.token.usage", "{token}", "Tokens of a request, by gen_ai.token.type.");

    internal static Histogram<double> FirstToken { get; } =
        Meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s", "Time from submission to the first token.");

    internal static Histogram<double> EachToken { get; } =
        Meter.CreateHistogram<double>("gen_ai.server.time_per_output_token", "s", "Time of each token after the first.");
}
