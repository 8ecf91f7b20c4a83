using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Seriatim.Server;

/// <summary>
/// Server-sent events, or lines of JSON (NDJSON). What is ready goes out together; where nothing is for a while, a comment does.
/// A client that takes nothing is not waited for by anybody else: the engine sets its request aside after
/// <see cref="SeriatimServerOptions.MaxUnreadTokens"/>, and after <see cref="SeriatimServerOptions.StallTimeout"/> it is
/// cancelled.
/// </summary>
internal sealed class SseStream
{
    private readonly ApiCall _call;
    private readonly PipeWriter _output;
    private readonly ArrayBufferWriter<byte> _piece = new();
    private readonly Utf8JsonWriter _json;
    private readonly bool _isLines;
    private readonly List<int>? _sent;

    private SseStream(ApiCall call, bool isLines)
    {
        (_call, _output, _isLines) = (call, call.Http.Response.BodyWriter, isLines);
        _sent = call.Kept is { Head.IsBackground: false } ? [] : null;
        _json = new Utf8JsonWriter(_piece, JsonOutput.Options);
    }

    /// <summary>Begins the answer to a request.</summary>
    /// <param name="call">The request.</param>
    /// <param name="isLines">Whether each piece is a line of JSON and not an event; such a stream has no comments.</param>
    public static SseStream Begin(ApiCall call, bool isLines = false)
    {
        HttpResponse response = call.Http.Response;
        response.ContentType = isLines ? "application/x-ndjson" : "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        call.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        // How slow a client may be is for StallTimeout to say, which knows how much waits.
        if (call.Http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        return new SseStream(call, isLines);
    }

    /// <summary>
    /// Writes an event; it goes out with the next flush. Its data is made first: where that fails, nothing of it is sent.
    /// </summary>
    /// <param name="write">Its data.</param>
    /// <param name="name">Its name; null: it has none.</param>
    /// <param name="answer">Which answer it belongs to, by which a durable stream counts; null: it has no place in it.</param>
    public void Write(Action<Utf8JsonWriter> write, string? name = null, int? answer = 0)
    {
        _piece.ResetWrittenCount();
        _json.Reset();
        write(_json);
        _json.Flush();
        if (answer is { } counted && !BeginEvent(counted))
            return;
        if (name is not null && !_isLines)
        {
            _output.Write("event: "u8);
            _output.Write(Encoding.UTF8.GetBytes(name));
            _output.Write("\n"u8);
        }

        if (!_isLines)
            _output.Write("data: "u8);
        WritePiece();
        _output.Write(_isLines ? "\n"u8 : "\n\n"u8);
    }

    /// <summary>
    /// An event's data, and a line of JSON, is one line. What clients and models have written may have line ends between its
    /// parts, where they mean nothing; in texts they are escaped.
    /// </summary>
    private void WritePiece()
    {
        ReadOnlySpan<byte> piece = JsonOutput.OneLine(_piece.WrittenSpan);
        Span<byte> target = _output.GetSpan(piece.Length)[..piece.Length];
        piece.CopyTo(target);
        target.Replace((byte)'\n', (byte)' ');
        target.Replace((byte)'\r', (byte)' ');
        _output.Advance(piece.Length);
        _piece.ResetWrittenCount();
    }

    /// <summary>Writes an event whose data is not JSON, such as <c>[DONE]</c>.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (!BeginEvent(0))
            return;
        _output.Write("data: "u8);
        _output.Write(data);
        _output.Write("\n\n"u8);
    }

    /// <summary>Counts an event of a durable stream, and writes its id.</summary>
    /// <returns>Whether it is sent: the client has none of it yet.</returns>
    private bool BeginEvent(int answer)
    {
        if (_sent is null)
            return true;
        while (_sent.Count <= answer)
            _sent.Add(0);
        if (++_sent[answer] <= _call.Seen.ElementAtOrDefault(answer))
            return false;

        // Answers of which nothing came this time have come before, as far as the client says.
        int answers = Math.Max(_sent.Count, _call.Seen.Count);
        _output.Write(Encoding.UTF8.GetBytes("id: " + StreamPlace.Write(_call.Number, Enumerable.Range(0, answers)
            .Select(i => Math.Max(_sent.ElementAtOrDefault(i), _call.Seen.ElementAtOrDefault(i)))) + "\n"));
        return true;
    }

    /// <summary>
    /// Writes events of all that comes, then of the end. What goes wrong on the way is told in a last event, as the protocol
    /// writes errors.
    /// </summary>
    /// <param name="source">What comes.</param>
    /// <param name="write">Writes the events of a piece.</param>
    /// <param name="end">Writes the events of the end.</param>
    public async Task RunAsync<T>(IAsyncEnumerable<T> source, Action<T> write, Func<Task> end)
    {
        try
        {
            await WriteAllAsync(source, write).ConfigureAwait(false);
            await end().ConfigureAwait(false);
            await FlushAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_call.IsGone)
        {
            throw;
        }
        catch (Exception exception)
        {
            ApiError error = exception is OperationCanceledException ? ErrorTable.Draining
                : ErrorTable.Of(exception, _call.Id, _call.Said);
            if (error.Fault is { } fault)
                ServerLog.Failed(_call.Server.Logger, fault, _call.Endpoint.Method, _call.Endpoint.Path, error.Status, _call.Id);
            Write(json => _call.Endpoint.Errors.Write(json, error, _call.Id), _call.Endpoint.Errors.EventName, answer: null);
            await _output.FlushAsync(_call.Http.RequestAborted).ConfigureAwait(false);
        }
    }

    private async Task WriteAllAsync<T>(IAsyncEnumerable<T> source, Action<T> write)
    {
        await FlushAsync().ConfigureAwait(false);
        using var heart = CancellationTokenSource.CreateLinkedTokenSource(_call.Aborted);
        await using IAsyncEnumerator<T> pieces = source.GetAsyncEnumerator(_call.Aborted);
        try
        {
            Task tick = TickAsync(heart.Token);
            while (true)
            {
                ValueTask<bool> next = pieces.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    // Nothing more is ready: out with what is.
                    Task<bool> waiting = next.AsTask();
                    tick = await WaitAsync(waiting, tick, heart.Token).ConfigureAwait(false);
                    next = new ValueTask<bool>(waiting);
                }

                if (!await next.ConfigureAwait(false))
                    return;
                write(pieces.Current);
                if (_output is { CanGetUnflushedBytes: true, UnflushedBytes: > 1 << 16 })
                    await FlushAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await heart.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the next piece, with a comment after each time in which none came.</summary>
    private async Task<Task> WaitAsync(Task<bool> waiting, Task tick, CancellationToken heart)
    {
        try
        {
            await FlushAsync().ConfigureAwait(false);
            while (await Task.WhenAny(waiting, tick).ConfigureAwait(false) != waiting)
            {
                if (!_isLines)
                    _output.Write(": still here\n\n"u8);
                tick = TickAsync(heart);
                await FlushAsync().ConfigureAwait(false);
            }

            return tick;
        }
        catch
        {
            // An enumeration can be ended only when nothing of it runs.
            _call.Cancel();
            await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private Task TickAsync(CancellationToken heart) =>
        Task.Delay(_call.Server.Options.Heartbeat, _call.Server.Clock, heart);

    private async Task FlushAsync()
    {
        ValueTask<FlushResult> flush = _output.FlushAsync(_call.Aborted);
        if (flush.IsCompleted)
        {
            await flush.ConfigureAwait(false);
            return;
        }

        TimeSpan most = _call.Server.Options.StallTimeout;
        try
        {
            await flush.AsTask().WaitAsync(most, _call.Server.Clock, _call.Aborted).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            ServerLog.Stalled(_call.Server.Logger, _call.Id, _call.Client.Name, "its stream", most.TotalSeconds);
            _call.Http.Abort();
            throw new OperationCanceledException("The client takes nothing.");
        }
    }
}
