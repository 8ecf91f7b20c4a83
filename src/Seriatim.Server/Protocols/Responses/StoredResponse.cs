using System.Runtime.CompilerServices;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>
/// A response: what it answers and how far it is, and where somebody may ask for a stream of it its events, so that it can be
/// taken up again at any number. All that changes while others may read is changed by <see cref="Change"/>.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="id">The response's id.</param>
/// <param name="owner">Whose key asked for it.</param>
/// <param name="model">The model.</param>
/// <param name="created">When it was asked for, in seconds since 1970.</param>
internal sealed class StoredResponse(ResponsesRequest request, string id, string owner, string model, long created)
{
    /// <summary>Events that may wait for the client of a stream before its answer waits, too.</summary>
    private const int MostWaiting = 64;

    private readonly Lock _gate = new();
    private readonly List<ResponseEvent> _events = [];
    private readonly Dictionary<string, JsonElement> _echo = request.Echo;
    private readonly string? _previous = request.Previous;
    private readonly long _echoBytes = request.Echo.Values.Sum(ResponseBytes.Of);
    private readonly List<ResponseItem> _items = [];
    private readonly List<ChatTurn> _turns = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _eventBytes;
    private int _first;
    private int _taken;
    private string _status = "queued";
    private bool _isOver;

    public string Id => id;

    public string Owner => owner;

    /// <summary>Whether it goes on without anybody who waits.</summary>
    public bool IsBackground { get; } = request.IsBackground;

    /// <summary>Whether it is kept for later.</summary>
    public bool IsStored { get; } = request.IsStored;

    /// <summary>Whether it has events: it is streamed, or somebody may come for its stream while it is made.</summary>
    public bool HasEvents { get; } = request.Streams || request.IsBackground;

    /// <summary>The conversation without instructions, and with the answer once there is one.</summary>
    public List<ChatTurn> Turns => _turns;

    public List<ResponseItem> Items => _items;

    /// <summary>
    /// <c>queued</c>, <c>in_progress</c>, <c>completed</c>, <c>incomplete</c>, <c>failed</c>, <c>cancelled</c>.
    /// </summary>
    public string Status => Look(() => _status);

    /// <summary>Why it failed; null: it has not.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Why it is incomplete.</summary>
    public string? Reason { get; set; }

    public GenerationUsage? Usage { get; set; }

    public int ReasoningTokens { get; set; }

    /// <summary>Cancelled when it is to end.</summary>
    public CancellationTokenSource Ending { get; } = new();

    /// <summary>Whether it has ended, however.</summary>
    public bool IsOver => Look(() => _isOver);

    /// <summary>About how much memory it holds.</summary>
    public long Bytes => Look(() => _echoBytes + _eventBytes + ResponseBytes.Of(_turns)
        + _items.Sum(item => ResponseBytes.OfItem + (2L * (item.Text.Length + item.Logprobs.Length))));

    /// <summary>Changes it, without anybody who reads it meanwhile.</summary>
    public void Change(Action change)
    {
        lock (_gate)
            change();
    }

    /// <summary>Sets how it is; within <see cref="Change"/>.</summary>
    public void Become(string status, Exception? fault = null) => (_status, Fault) = (status, fault);

    /// <summary>No more events come; within <see cref="Change"/>, with the change that ends it.</summary>
    public void End()
    {
        _isOver = true;
        _more.TrySetResult();
        _room.TrySetResult();
    }

    /// <summary>Adds an event; within <see cref="Change"/>, with the change it tells of.</summary>
    public void Add(string name, Action<Utf8JsonWriter> write)
    {
        if (!HasEvents)
            return;
        int sequence = _first + _events.Count;
        byte[] data = JsonOutput.BytesOf(json =>
        {
            json.WriteStartObject();
            json.WriteString("type"u8, name);
            json.WriteNumber("sequence_number"u8, sequence);
            write(json);
            json.WriteEndObject();
        });
        var added = new ResponseEvent(sequence, name, data);
        _events.Add(added);
        _eventBytes += SizeOf(added);
        _more.TrySetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Adds an event with the whole response in it; within <see cref="Change"/>.</summary>
    public void AddWhole(string name) => Add(name, json =>
    {
        json.WritePropertyName("response"u8);
        Write(json);
    });

    /// <summary>
    /// Waits until the client of a stream has taken most of its events: one that takes nothing has its request set aside, as in
    /// any stream. In the background nobody is waited for.
    /// </summary>
    public async ValueTask RoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (IsBackground || _first + _events.Count - _taken <= MostWaiting)
                    return;
                room = _room.Task;
            }

            await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The events behind a number, those that come too, up to the last. Those of a response that is not stored are forgotten as
    /// they are read.
    /// </summary>
    public async IAsyncEnumerable<ResponseEvent> ReadAsync(int after,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (long next = after + 1L; ;)
        {
            ResponseEvent? found = null;
            Task more;
            lock (_gate)
            {
                if (next < _first + _events.Count)
                    found = Take((int)next++);
                else if (_isOver)
                    yield break;
                more = _more.Task;
            }

            if (found is not null)
                yield return found;
            else
                await more.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until it has ended, however.</summary>
    public async Task EndedAsync(CancellationToken cancellationToken)
    {
        while (!IsOver)
        {
            Task more = Look(() => _more.Task);
            if (!IsOver)
                await more.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The conversation with the answer, to go on from.</summary>
    /// <exception cref="ApiException">It has no answer.</exception>
    public IReadOnlyList<ChatTurn> Finished()
    {
        lock (_gate)
        {
            return _isOver && _status is "completed" or "incomplete" ? [.. _turns]
                : throw ApiException.Invalid($"The response {id} is {_status}; only one that is complete can be gone on from.",
                    "previous_response_id", "invalid_value");
        }
    }

    /// <summary>The response as it is now.</summary>
    public void Write(Utf8JsonWriter json)
    {
        lock (_gate)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("object"u8, "response"u8);
            json.WriteNumber("created_at"u8, created);
            json.WriteString("status"u8, _status);
            json.WriteBoolean("background"u8, IsBackground);
            WriteFault(json);
            WriteEcho(json, "instructions", "null");
            WriteEcho(json, "max_output_tokens", "null");
            WriteEcho(json, "metadata", "{}");
            json.WriteString("model"u8, model);
            json.WriteStartArray("output"u8);
            foreach (ResponseItem item in _items)
                item.Write(json);
            json.WriteEndArray();
            WriteEcho(json, "parallel_tool_calls", "true");
            json.WriteString("previous_response_id"u8, _previous);
            WriteEcho(json, "reasoning", "{\"effort\":null,\"summary\":null}");
            json.WriteBoolean("store"u8, IsStored);
            WriteEcho(json, "text", "{\"format\":{\"type\":\"text\"}}");
            WriteEcho(json, "tool_choice", "\"auto\"");
            WriteEcho(json, "tools", "[]");
            json.WriteString("truncation"u8, "disabled"u8);
            WriteUsage(json);
            json.WriteEndObject();
        }
    }

    private T Look<T>(Func<T> look)
    {
        lock (_gate)
            return look();
    }

    private ResponseEvent Take(int sequence)
    {
        ResponseEvent found = _events[sequence - _first];
        if (found.Sequence >= _taken)
        {
            _taken = found.Sequence + 1;
            _room.TrySetResult();
            _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        if (IsStored)
            return found;
        int past = found.Sequence + 1 - _first;
        _eventBytes -= _events.Take(past).Sum(SizeOf);
        _events.RemoveRange(0, past);
        _first += past;
        return found;
    }

    private void WriteFault(Utf8JsonWriter json)
    {
        if (Fault is { } fault)
        {
            ApiError error = ErrorTable.Of(fault, id);
            json.WriteStartObject("error"u8);
            json.WriteString("code"u8, error.Code ?? error.Type);
            json.WriteString("message"u8, error.Message);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("error"u8);
        }

        if (_status == "incomplete")
        {
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, Reason);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("incomplete_details"u8);
        }
    }

    private void WriteEcho(Utf8JsonWriter json, string name, string usual)
    {
        json.WritePropertyName(name);
        if (_echo.TryGetValue(name, out JsonElement given))
            given.WriteTo(json); // in one line, however it was sent
        else
            json.WriteRawValue(usual);
    }

    private void WriteUsage(Utf8JsonWriter json)
    {
        if (Usage is not { } usage)
        {
            json.WriteNull("usage"u8);
            return;
        }

        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, usage.PromptTokens);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CachedTokens);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, usage.NewTokens);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, ReasoningTokens);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, usage.PromptTokens + usage.NewTokens);
        json.WriteEndObject();
    }

    private static long SizeOf(ResponseEvent one) => ResponseBytes.OfItem + one.Json.Length;
}
