using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seriatim.Server;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Tests;

/// <summary>The server with the page, as it is run, on a free port of this machine, with the built-in models.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PageServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts one.</summary>
    /// <param name="configure">Changes what is served.</param>
    /// <param name="page">Changes how the page works.</param>
    /// <param name="port">Where; 0: at a port that is free.</param>
    public static async Task<PageServer> StartAsync(
        Action<SeriatimServerOptions>? configure = null, Action<SeriatimPageOptions>? page = null, int port = 0)
    {
        var options = new ServerAppOptions { Port = port, DrainTimeout = TimeSpan.FromSeconds(5), LogLevel = LogLevel.Warning };
        WebApplication app = ServerApp.Build(options, server =>
        {
            server.Host = server.Host with { MemoryBytes = 4L << 30 };
            server.BuiltInModels = true;
            configure?.Invoke(server);
        }, logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error), new ServerAppPart(builder =>
        {
            builder.Services.AddSeriatimPage(page);
            PageSecrets.KeepInMemory(builder.Services);
        }, built => built.MapSeriatimPage()));
        await app.StartAsync();
        return new PageServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        Services.GetRequiredService<ServerCore>().State.Kill();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
