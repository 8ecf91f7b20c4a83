using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Seriatim.Server;

namespace Seriatim.Clients.Tests;

/// <summary>
/// The server as an app adds it, on a free port, with a key. Its models: the stories, and the stories with a chat template that
/// shows tools and with room for longer prompts.
/// </summary>
public sealed class ServerUnderTest : IAsyncLifetime
{
    /// <summary>A model that takes conversations.</summary>
    public const string Chat = "chat";

    /// <summary>A model that is asked for embeddings.</summary>
    public const string Embedder = "stories";

    /// <summary>The key.</summary>
    public const string Key = "sk-test-of-clients";

    private const string Template = """
        {%- if tools %}Tools:
        {%- for tool in tools %} {{ tool | tojson }}{% endfor %}
        Call one with <tool_call>{"name": ..., "arguments": ...}</tool_call>.
        {% endif -%}
        {%- for message in messages %}{{ message.role }}: {{ message.content or '' }}
        {%- for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}
        {% endfor -%}
        {%- if add_generation_prompt %}assistant: {% endif -%}
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("seriatim-clients-");
    private WebApplication? _app;

    /// <summary>Where it listens.</summary>
    public Uri Url { get; private set; } = new("http://localhost");

    public async Task InitializeAsync()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "models", "stories")))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        string config = Path.Combine(_folder.FullName, "config.json");
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(config))!;
        json["max_position_embeddings"] = 2048;
        await File.WriteAllTextAsync(config, json.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "chat_template.jinja"), Template);

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSeriatimServer(server =>
        {
            server.ApiKeys.Add(new ApiKeyOptions { Key = Key, Name = "tests" });
            server.Models.Add(new ServedModelOptions { Model = _folder.FullName, Name = Chat });
            server.Models.Add(new ServedModelOptions { Model = "stories" });
        });
        _app = builder.Build();
        _app.MapSeriatim();
        await _app.StartAsync();
        Url = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async Task DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Waits until no request runs any more; whoever went away must not leave one behind.</summary>
    public async Task IsIdleAsync()
    {
        using var http = new HttpClient { BaseAddress = Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        string running = "";
        for (int i = 0; i < 200; i++)
        {
            string metrics = await http.GetStringAsync(new Uri("metrics", UriKind.Relative));
            running = string.Join('\n', metrics.Split('\n').Where(line =>
                line.StartsWith("vllm:num_requests_running", StringComparison.Ordinal)
                && double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture) > 0));
            if (running.Length == 0)
                return;
            await Task.Delay(50);
        }

        Assert.Fail($"Requests still run after ten seconds: {running}");
    }
}
