using System.Collections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary>
/// Sends traces and metrics to a collector where the environment names one, by OpenTelemetry's own variables
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, its forms for traces and metrics alone, and all that its exporter reads beside them).
/// </summary>
internal static class ServeTelemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>The exporter as a part of the server's app; null: no variable asks for it.</summary>
    /// <exception cref="UserErrorException">A variable names no address.</exception>
    public static ServerAppPart? Part()
    {
        bool all = IsNamed(Endpoint);
        bool traces = IsNamed("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || all;
        bool metrics = IsNamed("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") || all;
        return traces || metrics ? new ServerAppPart(builder => Add(builder, traces, metrics), _ => { }) : null;
    }

    private static void Add(WebApplicationBuilder builder, bool traces, bool metrics)
    {
        // The exporter reads its variables out of the app's settings, and this app has none.
        builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(pair => KeyValuePair.Create((string)pair.Key, (string?)pair.Value))
            .Where(pair => pair.Key.StartsWith("OTEL_", StringComparison.Ordinal)));
        IOpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry();
        if (Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME") is not { Length: > 0 })
            telemetry.ConfigureResource(resource => resource.AddService("seriatim"));
        if (traces)
            telemetry.WithTracing(tracing => tracing.AddSource(SeriatimTelemetry.Name).AddOtlpExporter());
        if (metrics)
            telemetry.WithMetrics(metering => metering.AddMeter(SeriatimTelemetry.Name).AddOtlpExporter());
    }

    private static bool IsNamed(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } value)
            return false;
        return Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" ? true
            : throw new UserErrorException(
                $"{variable} is {value}; an address is needed: http://127.0.0.1:4317 for gRPC, http://127.0.0.1:4318 with "
                + "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.");
    }
}
