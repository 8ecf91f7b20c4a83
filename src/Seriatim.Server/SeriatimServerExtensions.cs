using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The server in an app of ASP.NET Core: <c>AddSeriatimServer</c>, then <c>MapSeriatim</c>.</summary>
public static class SeriatimServerExtensions
{
    /// <summary>Adds the server: its models, keys and limits. Models are opened when they are asked for.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Says what is served.</param>
    public static IServiceCollection AddSeriatimServer(this IServiceCollection services, Action<SeriatimServerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddSingleton(provider =>
        {
            var options = new SeriatimServerOptions();
            configure(options);
            options.Host = options.Host with
            {
                LoggerFactory = options.Host.LoggerFactory ?? provider.GetService<ILoggerFactory>(),
                MeterFactory = options.Host.MeterFactory ?? provider.GetService<IMeterFactory>(),
            };
            var host = new EngineHost(options.Host);
            try
            {
                return new ServerCore(options, host, provider.GetRequiredService<ILoggerFactory>()
                    .CreateLogger(ServerLog.Category));
            }
            catch
            {
                host.Dispose();
                throw;
            }
        });
        services.AddSingleton(provider => new ServedModels(provider.GetRequiredService<ServerCore>()));
        services.AddHostedService<ServerLifetime>();
        return services;
    }

    /// <summary>Maps the endpoints.</summary>
    /// <param name="endpoints">The app, or a group with a prefix.</param>
    /// <returns>All of them, for conventions of the app's own (CORS, authorisation, rate limits).</returns>
    public static RouteGroupBuilder MapSeriatim(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RouteGroupBuilder group = endpoints.MapGroup("");
        foreach (Endpoint endpoint in Endpoints.All)
        {
            // Whoever may get something may ask whether it is there: ollama's clients do, with HEAD /.
            string[] methods = endpoint.Method == "GET" ? ["GET", "HEAD"] : [endpoint.Method];
            group.MapMethods(endpoint.Path, methods, http => ServerPipeline.RunAsync(http, endpoint));
        }

        return group;
    }
}
