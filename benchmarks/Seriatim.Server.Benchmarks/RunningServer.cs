using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seriatim.Web;

namespace Seriatim.Server.Benchmarks;

/// <summary>The server in this process, on a free port.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningServer(WebApplication app)
    {
        _app = app;
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Client = NewClient(new Uri(address));
    }

    /// <summary>Asks it.</summary>
    public HttpClient Client { get; }

    public static async Task<RunningServer> StartAsync(Action<SeriatimServerOptions> configure, bool withPage = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSeriatimServer(configure);
        if (withPage)
            builder.Services.AddSeriatimPage();
        WebApplication app = builder.Build();
        app.MapSeriatim();
        if (withPage)
            app.MapSeriatimPage();
        await app.StartAsync();
        return new RunningServer(app);
    }

    /// <summary>A client with connections of its own.</summary>
    public static HttpClient NewClient(Uri address) => new(new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromMinutes(30),
    };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
