using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>What <c>serve</c> sends to a collector of OpenTelemetry that the environment names.</summary>
public sealed class ServeTelemetryTests
{
    [StoriesFact]
    public async Task Traces_and_metrics_go_where_the_environment_says_and_no_prompt_is_in_them()
    {
        if (OperatingSystem.IsWindows())
            return; // A program cannot be told to stop there as SIGTERM tells it, and what is measured goes out at the end.
        using var collector = new Collector();
        using Process server = Cli.Start(
            [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_SERVICE_NAME", "storyteller")],
            ["serve", "--port", "0", "--json", "-m", $"{Cli.Stories}=tale"]);
        JsonElement line = JsonElement.Parse((await server.StandardOutput.ReadLineAsync())!);
        using var client = new HttpClient { BaseAddress = new Uri(line.GetProperty("url").GetString()!) };
        using HttpResponseMessage answer = await client.PostAsync("/v1/completions", new StringContent(
            """{"model": "tale", "prompt": "A secretword", "max_tokens": 4}""", Encoding.UTF8, "application/json"));
        Assert.True(answer.IsSuccessStatusCode);
        Process.Start("kill", $"-TERM {server.Id}").WaitForExit();
        await server.WaitForExitAsync();
        Assert.Equal(0, server.ExitCode);

        string traces = collector.Said("/v1/traces"), metrics = collector.Said("/v1/metrics");
        Assert.Contains("gen_ai.request.model", traces);
        Assert.Contains("tale", traces);
        Assert.Contains("storyteller", traces);
        Assert.Contains("gen_ai.server.time_to_first_token", metrics);
        Assert.DoesNotContain("secretword", traces + metrics);
    }

    [StoriesFact]
    public void An_address_that_is_none_is_refused_before_anything_is_served()
    {
        (int code, _, string error) = Cli.RunIn([("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")], "serve", "--port", "0", "-m",
            Cli.Stories);
        Assert.Equal(1, code);
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT is collector:4317", error);
    }

    /// <summary>Takes whatever is sent to it.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentQueue<(string Path, string Body)> _said = [];

        public Collector()
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/";
            }

            _listener.Prefixes.Add(Url);
            _listener.Start();
            _ = TakeAsync();
        }

        public string Url { get; }

        public string Said(string path) =>
            string.Concat(_said.Where(one => one.Path == path).Select(one => one.Body));

        public void Dispose() => _listener.Close();

        private async Task TakeAsync()
        {
            try
            {
                while (await _listener.GetContextAsync() is { } context)
                {
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    _said.Enqueue((context.Request.Url!.AbsolutePath, Encoding.Latin1.GetString(body.ToArray())));
                    context.Response.Close();
                }
            }
            catch (Exception exception) when (exception is ObjectDisposedException or HttpListenerException)
            {
                // It was closed.
            }
        }
    }
}
