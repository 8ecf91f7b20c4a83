using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Seriatim.Server;

/// <summary>The server as an app of its own: what <c>seriatim serve</c> runs, and what tests ask.</summary>
internal static class ServerApp
{
    /// <summary>Builds the app; it listens once it is started.</summary>
    /// <param name="app">Where and for whom.</param>
    /// <param name="configure">What is served.</param>
    /// <param name="logging">Where logs go; null: to the console.</param>
    /// <param name="beside">What the app has beside the API.</param>
    public static WebApplication Build(ServerAppOptions app, Action<SeriatimServerOptions> configure,
        Action<ILoggingBuilder>? logging = null, params IReadOnlyList<ServerAppPart> beside)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = app.MaxConnections ?? OpenFiles.RoomForConnections();
            foreach (IPAddress address in AddressesOf(app))
                kestrel.Listen(address, app.Port);
        });
        if (app.Places is { } places)
            builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = places.Take);
        builder.Services.AddRoutingCore();
        builder.Services.AddCors();
        builder.Logging.SetMinimumLevel(app.LogLevel).AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical); // Who starts it tells why it does not.
        (logging ?? (log => AddConsole(log, app)))(builder.Logging);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = app.DrainTimeout);
        if (IsLoopback(app))
        {
            // A page of another site whose name leads to this machine is not let in by that.
            builder.Services.AddHostFiltering(filter => filter.AllowedHosts = ["localhost", "127.0.0.1", "[::1]", app.Host]);
        }

        // Signals are for who runs the app.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSeriatimServer(configure);
        foreach (ServerAppPart part in beside)
            part.Add(builder);
        WebApplication built = builder.Build();
        if (IsLoopback(app))
            built.UseHostFiltering();
        if (app.CorsOrigins.Count > 0)
        {
            built.UseCors(policy => (app.CorsOrigins.Contains("*") ? policy.AllowAnyOrigin()
                : policy.WithOrigins([.. app.CorsOrigins])).AllowAnyHeader().AllowAnyMethod()
                .WithExposedHeaders("x-request-id", "openai-processing-ms", "Retry-After"));
        }

        built.UseRouting();
        built.MapSeriatim();
        foreach (ServerAppPart part in beside)
            part.Map(built);
        built.MapFallback("{**path}", http => ServerPipeline.RunAsync(http, new NothingHere(http.Request.Path)));
        return built;
    }

    /// <summary>Whether only this machine can ask it.</summary>
    public static bool IsLoopback(ServerAppOptions app) => AddressesOf(app).All(IPAddress.IsLoopback);

    /// <exception cref="ServerConfigurationException">The host is no name or address of this machine.</exception>
    internal static IPAddress[] AddressesOf(ServerAppOptions app)
    {
        if (app.Host is "localhost")
            return [IPAddress.Loopback];
        if (app.Host is "*" or "+")
            return [IPAddress.Any];
        return IPAddress.TryParse(app.Host.Trim('[', ']'), out IPAddress? address) ? [address]
            : throw new ServerConfigurationException(
                $"The host {app.Host} is no address. Give one of this machine (127.0.0.1; 0.0.0.0: all), or localhost.");
    }

    private static void AddConsole(ILoggingBuilder logging, ServerAppOptions app)
    {
        if (app.LogsJson)
        {
            logging.AddJsonConsole();
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss ");

                // As under mpirun, whose terminal is none.
                if (Environment.GetEnvironmentVariable("TERM") == "dumb")
                    console.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }

        logging.Services.Configure<ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    /// <summary>Leaves signals alone.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>What no endpoint is for.</summary>
    private sealed class NothingHere(PathString path) : Endpoint
    {
        public override string Method => "GET";

        public override string Path => path.Value ?? "";

        public override string Summary => "Nothing.";

        public override EndpointAccess Access => EndpointAccess.Open;

        public override Task HandleAsync(ApiCall call) => throw new ApiException(new ApiError(404, ApiError.InvalidRequest,
            $"There is nothing at {call.Http.Request.Method} {Path}. /openapi.json lists what there is.", "unknown_url"));
    }
}
