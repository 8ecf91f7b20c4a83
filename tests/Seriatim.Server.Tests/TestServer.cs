using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>The server as it is run, on a free port of this machine, with a tiny chat model of random weights.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TempFolder? _folder;

    private TestServer(WebApplication app, TempFolder? folder, Uri address)
    {
        (_app, _folder) = (app, folder);
        Client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        Core = app.Services.GetRequiredService<ServerCore>();
    }

    public HttpClient Client { get; }

    public ServerCore Core { get; }

    public WebApplication App => _app;

    public Uri Address => Client.BaseAddress!;

    public ListLog Log { get; private init; } = new();

    /// <summary>Starts a server.</summary>
    /// <param name="configure">Changes its options; the tiny model is there already.</param>
    /// <param name="template">The chat template of the tiny model.</param>
    /// <param name="tiny">Whether the tiny model is served, as <c>tiny</c>.</param>
    /// <param name="app">Changes how the app listens.</param>
    public static async Task<TestServer> StartAsync(Action<SeriatimServerOptions>? configure = null,
        string template = TinyModels.ChatTemplate, bool tiny = true, Func<ServerAppOptions, ServerAppOptions>? app = null)
    {
        TempFolder? folder = tiny ? new TempFolder() : null;
        if (folder is not null)
            TinyModels.WriteLlama(folder.Path, template: template);
        var options = new ServerAppOptions { Port = 0, DrainTimeout = TimeSpan.FromSeconds(30), LogLevel = LogLevel.Debug };
        var log = new ListLog();
        WebApplication built = ServerApp.Build(app?.Invoke(options) ?? options, server =>
        {
            server.Host = server.Host with { MemoryBytes = 4L << 30 };
            if (folder is not null)
            {
                server.Models.Add(new ServedModelOptions
                {
                    Model = folder.Path,
                    Name = "tiny",
                    Options = new() { Engine = new() { MemoryBytes = 16 << 20 } },
                });
            }

            configure?.Invoke(server);
        }, logging => logging.AddProvider(log));
        await built.StartAsync();
        return new TestServer(built, folder, new Uri(built.Urls.First())) { Log = log };
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return Client.SendAsync(request);
    }

    /// <summary>Posts, expects 200, and gives the answer.</summary>
    public async Task<JsonElement> AskAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {body}");
        return JsonElement.Parse(body);
    }

    /// <summary>Posts, expects an error, and gives its object.</summary>
    public async Task<JsonElement> FailAsync(string path, string json, int status, string? code = null, string? param = null)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} in place of {status}: {body}");
        JsonElement error = JsonElement.Parse(body).GetProperty("error");
        if (code is not null)
            Assert.Equal(code, error.GetProperty("code").GetString());
        if (param is not null)
            Assert.Equal(param, error.GetProperty("param").GetString());
        return error;
    }

    public async Task<JsonElement> GetAsync(string path) => JsonElement.Parse(await Client.GetStringAsync(path));

    /// <summary>Posts, and gives the data of the events.</summary>
    public async Task<List<string>> StreamAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {body}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return [.. body.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal))
            .Select(line => line["data: ".Length..])];
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Core.State.Kill();
        await _app.DisposeAsync();
        _folder?.Dispose();
    }
}
