using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Seriatim.Server.Tests;

/// <summary>Spans and metrics by OpenTelemetry's conventions, as a listener in this process gets them.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task A_request_is_a_span_of_the_clients_trace_and_the_models_work_one_below_it()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var spans = new Spans(SeriatimTelemetry.Name);
        (string trace, string parent) = ($"{Guid.NewGuid():N}", "00f067aa0ba902b7");
        await AskAsync(server, "/v1/chat/completions", trace, parent, """
            {"messages": [{"role": "user", "content": "the cat"}], "max_tokens": 3, "ignore_eos": true}
            """);
        Activity served = await spans.FindAsync(trace, ActivityKind.Server);
        Assert.Equal("POST /v1/chat/completions", served.DisplayName);
        Assert.Equal(parent, served.ParentSpanId.ToHexString());
        Assert.Equal("POST", served.GetTagItem("http.request.method"));
        Assert.Equal("/v1/chat/completions", served.GetTagItem("http.route"));
        Assert.Equal(200, served.GetTagItem("http.response.status_code"));
        Assert.Equal("127.0.0.1", served.GetTagItem("server.address"));
        Assert.Equal(server.Address.Port, served.GetTagItem("server.port"));
        Assert.Equal("chat", served.GetTagItem("gen_ai.operation.name"));
        Assert.Equal("tiny", served.GetTagItem("gen_ai.request.model"));
        Assert.Equal("tiny", served.GetTagItem("gen_ai.response.model"));
        Assert.Equal(3, served.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.True(served.GetTagItem("gen_ai.usage.input_tokens") is > 3);
        Assert.Equal(["length"], (string[])served.GetTagItem("gen_ai.response.finish_reasons")!);
        Activity inner = await spans.FindAsync(trace, ActivityKind.Client);
        Assert.Equal("chat tiny", inner.DisplayName);
        Assert.Equal(served.SpanId, inner.ParentSpanId);
        Assert.Equal(server.Address.Port, inner.GetTagItem("server.port"));
    }

    [Fact]
    public async Task A_stream_and_a_refusal_are_told_to_their_end()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var spans = new Spans(SeriatimTelemetry.Name);
        (string streamed, string refused) = ($"{Guid.NewGuid():N}", $"{Guid.NewGuid():N}");
        await AskAsync(server, "/v1/completions", streamed, "00f067aa0ba902b7",
            """{"prompt": "the cat", "max_tokens": 4, "ignore_eos": true, "stream": true}""");
        Activity stream = await spans.FindAsync(streamed, ActivityKind.Server);
        Assert.Equal(4, stream.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal("text_completion", stream.GetTagItem("gen_ai.operation.name"));
        await AskAsync(server, "/v1/completions", refused, "00f067aa0ba902b7", """{"prompt": "x", "top_p": 7}""");
        Activity error = await spans.FindAsync(refused, ActivityKind.Server);
        Assert.Equal(400, error.GetTagItem("http.response.status_code"));
        Assert.Equal("invalid_value", error.GetTagItem("error.type"));
        Assert.Equal(ActivityStatusCode.Unset, error.Status);
    }

    /// <summary>Who records ASP.NET Core's own spans gets one span of a request, not two.</summary>
    [Fact]
    public async Task Where_the_hosts_own_span_is_recorded_it_has_what_the_server_knows()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var spans = new Spans(SeriatimTelemetry.Name, "Microsoft.AspNetCore");
        string trace = $"{Guid.NewGuid():N}";
        await AskAsync(server, "/v1/completions", trace, "00f067aa0ba902b7", """{"prompt": "the cat", "max_tokens": 2}""");
        Activity served = await spans.FindAsync(trace, ActivityKind.Server);
        Assert.Equal("Microsoft.AspNetCore", served.Source.Name);
        Assert.Equal("tiny", served.GetTagItem("gen_ai.response.model"));
        Activity inner = await spans.FindAsync(trace, ActivityKind.Client);
        Assert.Equal(served.SpanId, inner.ParentSpanId);
        Assert.Single(spans.Of(trace), span => span.Kind == ActivityKind.Server);
    }

    [Fact]
    public async Task Times_are_measured_by_the_conventions_names()
    {
        await using TestServer server = await TestServer.StartAsync();
        var measured = new ConcurrentQueue<(string Name, double Value, KeyValuePair<string, object?>[] Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == SeriatimTelemetry.Name)
                    own.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            measured.Enqueue((instrument.Name, value, tags.ToArray())));
        listener.Start();
        await server.AskAsync("/v1/completions", """{"prompt": "the cat", "max_tokens": 4, "ignore_eos": true}""");
        foreach (string name in (string[])["gen_ai.server.request.duration", "gen_ai.server.time_to_first_token",
            "gen_ai.server.time_per_output_token"])
        {
            await Eventually.Is(() => Own(name).Any());
            (string _, double value, KeyValuePair<string, object?>[] tags) = Own(name).Single();
            Assert.True(value > 0, name);
            Assert.Contains(new("gen_ai.operation.name", "text_completion"), tags);
            Assert.Contains(new("gen_ai.request.model", "tiny"), tags);
            Assert.Contains(new("gen_ai.response.model", "tiny"), tags);
            Assert.Contains(new("server.address", "127.0.0.1"), tags);
        }

        IEnumerable<(string Name, double Value, KeyValuePair<string, object?>[] Tags)> Own(string name) =>
            measured.Where(one => one.Name == name && one.Tags.Contains(new("server.port", server.Address.Port)));
    }

    private static async Task AskAsync(TestServer server, string path, string trace, string parent, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("traceparent", $"00-{trace}-{parent}-01");
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        await response.Content.ReadAsStringAsync();
    }

    /// <summary>The spans of some sources that have ended; others' tests run beside this one.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;

        public Spans(params string[] sources)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => sources.Contains(source.Name),
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = _ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IEnumerable<Activity> Of(string trace) => _ended.Where(span => span.TraceId.ToHexString() == trace);

        public async Task<Activity> FindAsync(string trace, ActivityKind kind)
        {
            await Eventually.Is(() => Of(trace).Any(span => span.Kind == kind));
            return Of(trace).First(span => span.Kind == kind);
        }

        public void Dispose() => _listener.Dispose();
    }
}
