using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Seriatim.Server.Tests;

/// <summary>Responses while they are made: how they end, what they count for, who waits for whom.</summary>
public sealed class ResponseRunTests
{
    private const string Path = "/v1/responses";
    private const string Background = """{"input": "the cat", "ignore_eos": true, "background": true}""";

    [Fact]
    public async Task One_in_the_background_ends_with_the_server_and_its_stream_says_why()
    {
        await using LongModel model = await LongModel.StartAsync();
        TestServer server = model.Server;
        StoredResponse response = await BeginAsync(server);
        Assert.Equal(1, server.Core.State.Running);
        server.Core.State.Kill();
        await Eventually.Is(() => server.Core.State.Running == 0, seconds: 5);
        Assert.Equal("failed", response.Status);
        JsonElement last = await LastAsync(response);
        Assert.Equal("response.failed", last.GetProperty("type").GetString());
        Assert.Equal("draining", last.GetProperty("response").GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_server_that_stops_does_not_wait_for_ever_for_what_does_not_end()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Core.State.Enter();
        var lifetime = new ServerLifetime(server.Core) { Mercy = TimeSpan.FromMilliseconds(20) };
        await lifetime.StoppingAsync(new CancellationToken(true)).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(server.Core.State.Killed.IsCancellationRequested);
        Assert.Contains(server.Log.Lines, line => line.Contains("stops without them", StringComparison.Ordinal));
        server.Core.State.Leave();
    }

    [Fact]
    public async Task One_in_the_background_counts_for_its_client_until_it_has_ended()
    {
        await using LongModel model = await LongModel.StartAsync(options => options.Limits = new() { Concurrency = 1 });
        TestServer server = model.Server;
        StoredResponse response = await BeginAsync(server);
        await server.FailAsync(Path, Background, 429, "rate_limit_exceeded");
        using HttpResponseMessage cancelled = await server.PostAsync($"{Path}/{response.Id}/cancel", "");
        Assert.True(cancelled.IsSuccessStatusCode);
        Assert.Equal("response.cancelled", (await LastAsync(response)).GetProperty("type").GetString());
        await Eventually.Is(() => server.Core.State.Running == 0);
        await server.AskAsync(Path, """{"input": "the cat", "max_output_tokens": 2}""");
    }

    [Fact]
    public async Task A_server_that_begins_to_stop_while_a_model_is_opened_still_makes_the_response()
    {
        await using TestServer server = await TestServer.StartAsync();
        using var call = new ApiCall(new DefaultHttpContext(), server.Core, new ResponsesEndpoint());
        call.Slot = RequestSlot.Take(call);
        call.Http.Request.Method = "POST";
        call.Http.Request.Body = new MemoryStream(
            """{"input": "the cat", "max_output_tokens": 2, "background": true}"""u8.ToArray());
        call.Http.Response.Body = new MemoryStream();
        Task drained = server.Core.State.DrainAsync();
        await new ResponsesEndpoint().HandleAsync(call);
        Assert.Null(call.Slot);
        await drained.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("incomplete", server.Core.Responses.Find($"resp_{call.Number}", call.Client.Owner).Status);
    }

    [Fact]
    public async Task Why_one_is_incomplete_is_told()
    {
        await using LongModel model =
            await LongModel.StartAsync(options => options.RequestTimeout = TimeSpan.FromMilliseconds(60));
        JsonElement cut = await model.Server.AskAsync(Path, """{"input": "the cat", "ignore_eos": true, "temperature": 0}""");
        Assert.Equal("timeout", cut.GetProperty("incomplete_details").GetProperty("reason").GetString());
    }

    [Fact]
    public async Task What_goes_wrong_where_nobody_waits_is_logged_and_told_by_the_last_event()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ApiCall call = Call(server);
        (StoredResponse response, Task run) = await RunAsync(server, call, new() { IsBackground = true }, breaks: true);
        await run;
        Assert.Equal("failed", response.Status);
        Assert.Equal("response.failed", (await LastAsync(response)).GetProperty("type").GetString());
        Assert.Contains(server.Log.Lines, line => line.StartsWith("Error: POST /v1/responses: 500", StringComparison.Ordinal)
            && line.Contains(call.Id, StringComparison.Ordinal) && line.Contains("the reader broke", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stream_that_nobody_reads_holds_its_answer_up_and_what_was_read_is_forgotten()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ApiCall call = Call(server);
        var request = new ResponsesRequest { Streams = true, IsStored = false };
        (StoredResponse response, Task run) = await RunAsync(server, call, request, breaks: false);
        await Task.WhenAny(run, Task.Delay(500));
        Assert.False(run.IsCompleted);
        long before = response.Bytes;
        int read = 0;
        await foreach (ResponseEvent one in response.ReadAsync(-1))
            Assert.Equal(read++, one.Sequence);
        await run;
        Assert.True(read > 100, $"{read} events");
        Assert.Equal("incomplete", response.Status);
        Assert.True(response.Bytes < before, $"{response.Bytes} in place of {before}");
    }

    [Fact]
    public async Task Who_reads_one_waits_for_a_change_that_is_under_way()
    {
        var response = new StoredResponse(new ResponsesRequest(), "resp_1", "anybody", "tiny", 0);
        using var inside = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        Task change = Task.Run(() => response.Change(() =>
        {
            response.Items.Add(new ResponseItem(AnswerPartKind.Content, "msg_1"));
            inside.Set();
            go.Wait();
            response.Items[0].Text.Append("all");
        }));
        inside.Wait();
        Task<string> seen = Task.Run(() =>
        {
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream))
                response.Write(json);
            return System.Text.Encoding.UTF8.GetString(stream.ToArray());
        });
        Assert.NotEqual(seen, await Task.WhenAny(seen, Task.Delay(50)));
        go.Set();
        await change;
        Assert.Contains("\"text\":\"all\"", await seen);
    }

    [Fact]
    public async Task Half_of_an_answer_that_fails_is_not_sent()
    {
        await using TestServer server = await TestServer.StartAsync();
        using ApiCall call = Call(server);
        using var body = new MemoryStream();
        call.Http.Response.Body = body;
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("half", new string('x', 100_000));
            throw new InvalidOperationException();
        }));
        SseStream stream = SseStream.Begin(call);
        Assert.Throws<InvalidOperationException>(() => stream.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("half", new string('x', 100_000));
            throw new InvalidOperationException();
        }));
        stream.Write(json => json.WriteBooleanValue(true));
        await call.Http.Response.BodyWriter.FlushAsync();
        Assert.Equal("data: true\n\n", System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }

    private static ApiCall Call(TestServer server) => new(new DefaultHttpContext(), server.Core, new ResponsesEndpoint());

    private static async Task<StoredResponse> BeginAsync(TestServer server)
    {
        JsonElement begun = await server.AskAsync(Path, Background);
        return server.Core.Responses.Find(begun.GetProperty("id").GetString()!, "");
    }

    private static async Task<JsonElement> LastAsync(StoredResponse response)
    {
        ResponseEvent? last = null;
        await foreach (ResponseEvent one in response.ReadAsync(-1))
            last = one;
        return JsonElement.Parse(last!.Json);
    }

    private static async Task<(StoredResponse Response, Task Run)> RunAsync(TestServer server, ApiCall call,
        ResponsesRequest request, bool breaks)
    {
        request.Job.Messages.Add(new Seriatim.Tokenizers.ChatTurn("user", "the cat"));
        (request.Job.Generation.IgnoresEnd, request.Job.Generation.Seed) = (true, 3);
        var response = new StoredResponse(request, "resp_1", call.Client.Name, "tiny", 0);
        IJob job = breaks ? new BreakingJob(request.Job) : request.Job;
        RunningJob running = await server.Core.Jobs.StartAsync(call, job, response.Ending.Token);
        return (response, new ResponseRun(response, running, server.Core, call.Id).RunAsync());
    }

    /// <summary>A job whose answer cannot be read.</summary>
    private sealed class BreakingJob(IJob job) : IJob
    {
        public string? Model => job.Model;

        public JobPlan Plan(ModelUse use) =>
            job.Plan(use) with { NewReader = _ => throw new InvalidOperationException("the reader broke") };
    }
}
