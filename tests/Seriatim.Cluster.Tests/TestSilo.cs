using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seriatim.Generation;
using Seriatim.Server;
using Seriatim.Server.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>A server of this process with a tiny model, and what makes a silo of it besides Orleans.</summary>
internal sealed partial class TestSilo : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestSilo(WebApplication app)
    {
        _app = app;

        // Who leaves an answer leaves it at once: the rest is not read to keep the connection.
        Client = new HttpClient(new SocketsHttpHandler { MaxResponseDrainSize = 0 })
        {
            BaseAddress = new Uri(app.Urls.First()),
            Timeout = TimeSpan.FromMinutes(5),
        };
        Core = app.Services.GetRequiredService<ServerCore>();
    }

    public HttpClient Client { get; }

    public ServerCore Core { get; }

    public IServiceProvider Services => _app.Services;

    public ListLog Log { get; private init; } = new();

    /// <summary>The engines, as doors see them.</summary>
    public Replica Replica { get; private set; } = null!;

    public Door Door { get; private set; } = null!;

    /// <summary>The way to them from other doors.</summary>
    public Link Link { get; set; } = null!;

    /// <summary>Starts a server of a model.</summary>
    public static async Task<TestSilo> StartAsync(string model, Action<WebApplicationBuilder>? with = null,
        Action<SeriatimServerOptions>? configure = null, StepPrice? price = null)
    {
        var log = new ListLog();
        WebApplication app = ServerApp.Build(new ServerAppOptions { Port = 0, DrainTimeout = TimeSpan.FromSeconds(30) },
            server =>
            {
                server.Host = server.Host with { MemoryBytes = 2L << 30, Threads = 1 };
                server.Models.Add(new ServedModelOptions
                {
                    Model = model,
                    Name = "tiny",
                    Options = new()
                    {
                        Engine = new() { MemoryBytes = 16 << 20, MaxSequences = 128, TokenBudget = 256, Price = price },
                    },
                    KeepAlive = Timeout.InfiniteTimeSpan,
                    Preload = true,
                });
                configure?.Invoke(server);
            }, logging => logging.AddProvider(log), new ServerAppPart(builder => with?.Invoke(builder), _ => { }));
        await app.StartAsync();
        var silo = new TestSilo(app) { Log = log };
        await Eventually.Is(() => silo.Core.State.IsReady, seconds: 60);
        return silo;
    }

    /// <summary>Puts a door before the server.</summary>
    public void Join(string name, ClusterOptions options, IKeptStore store)
    {
        Replica = new Replica(Core, options, name);
        Link = new Link(Replica);
        Door = new Door(Core, options, new SiloTable(options), Replica, store, Core.Logger);
        Core.Route = Door;
    }

    /// <summary>
    /// What a request is answered with, without what every request has of its own: ids, times, and how many tokens of its prompt
    /// were in the cache.
    /// </summary>
    public async Task<string> AskAsync(string path, string body)
    {
        using HttpResponseMessage response = await PostAsync(path, body);
        string text = Bare(await response.Content.ReadAsStringAsync());

        // Choices of one request come beside each other, and which first is a matter of load; each of them is in order.
        string[] lines = text.Split('\n');
        return $"{(int)response.StatusCode} "
            + string.Join('\n', lines.OrderBy(line => Choice().Match(line) is { Success: true } one ? one.Value : ""));
    }

    /// <summary>Asks with headers.</summary>
    public async Task<HttpResponseMessage> PostAsync(
        string path, string body, params IReadOnlyList<(string Name, string Value)> headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>An answer without what every request has of its own.</summary>
    public static string Bare(string text) => Own().Replace(text, "");

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Core.State.Kill();

        // A silo of Orleans leaves its list first: later nothing leads there any more, and it would try for two minutes.
        if (Services.GetService<SiloTable>() is not null)
            await _app.StopAsync();
        await _app.DisposeAsync();
    }

    [GeneratedRegex("""
        "choices":\[\{"index":\d+
        """)]
    private static partial Regex Choice();

    [GeneratedRegex("""
        "timings":\{[^}]*\}|"(id|item_id|created|created_at|cached_tokens|cache_read_input_tokens|input_tokens|total_duration|load_duration|prompt_eval_duration|eval_duration|completed_at)":("[^"]*"|\d+)|\breq_[0-9a-f]+
        """)]
    private static partial Regex Own();
}
