using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seriatim.Server;
using Seriatim.Web.Shell;

namespace Seriatim.Web.Tests;

/// <summary>The server with the page, as it is run, on a free port of this machine, with the built-in models.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly AnswerGate _gate;
    private readonly CancellationTokenSource _gone = new();

    private PageServer(WebApplication app, AnswerGate gate) => (_app, _gate) = (app, gate);

    public string Url => _app.Urls.First();

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts one.</summary>
    /// <param name="configure">Changes what is served.</param>
    /// <param name="page">Changes how the page works.</param>
    /// <param name="port">Where; 0: at a port that is free.</param>
    public static async Task<PageServer> StartAsync(
        Action<SeriatimServerOptions>? configure = null, Action<SeriatimPageOptions>? page = null, int port = 0)
    {
        var gate = new AnswerGate();
        var options = new ServerAppOptions { Port = port, DrainTimeout = TimeSpan.FromSeconds(5), LogLevel = LogLevel.Warning };
        WebApplication app = ServerApp.Build(options, server =>
        {
            server.Host = server.Host with { MemoryBytes = 4L << 30 };
            server.BuiltInModels = true;

            // Held answers are set aside soon, and stay so as long as a test looks at them.
            (server.MaxUnreadTokens, server.StallTimeout) = (16, TimeSpan.FromHours(1));
            configure?.Invoke(server);
        }, logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error), new ServerAppPart(services =>
        {
            services.AddSingleton<IStartupFilter>(gate);
            services.AddSeriatimPage(page);
            PageSecrets.KeepInMemory(services);
        }, built => built.MapSeriatimPage()));
        await app.StartAsync();
        return new PageServer(app, gate);
    }

    /// <summary>Holds the answers of a path from now on.</summary>
    public HeldAnswers Hold(string path) => _gate.Hold(path);

    /// <summary>
    /// Asks for a text that nobody reads, with its answer held: a request that runs, or is set aside, until the test lets it go.
    /// </summary>
    public async Task<HeldAnswer> AskAsync(HeldAnswers held, string model, string prompt)
    {
        var client = new HttpClient { BaseAddress = new Uri(Url), Timeout = Timeout.InfiniteTimeSpan };
        var body = new StringContent($$"""
            {"model": "{{model}}", "prompt": "{{prompt}}", "max_tokens": 120, "seed": 1, "stream": true}
            """, Encoding.UTF8, "application/json");
        _ = client.PostAsync("v1/completions", body, _gone.Token).ContinueWith(_ => client.Dispose(), TaskScheduler.Default);
        return await held.NextAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        Services.GetRequiredService<ServerCore>().State.Kill();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _gone.Dispose();
    }
}
