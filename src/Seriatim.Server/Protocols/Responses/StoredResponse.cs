using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>
/// A response: what it answers, how far it is, and all its events, so that a stream of them can be taken up again at any number.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="id">The response's id.</param>
/// <param name="owner">Whose key asked for it.</param>
/// <param name="model">The model.</param>
/// <param name="created">When it was asked for, in seconds since 1970.</param>
internal sealed class StoredResponse(ResponsesRequest request, string id, string owner, string model, long created)
{
    private readonly Lock _gate = new();
    private readonly List<ResponseEvent> _events = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => id;

    public string Owner => owner;

    /// <summary>The conversation without instructions, and with the answer once there is one.</summary>
    public List<ChatTurn> Turns { get; } = [];

    public List<ResponseItem> Items { get; } = [];

    /// <summary>
    /// <c>queued</c>, <c>in_progress</c>, <c>completed</c>, <c>incomplete</c>, <c>failed</c>, <c>cancelled</c>.
    /// </summary>
    public string Status { get; private set; } = "queued";

    /// <summary>Why it failed; null: it has not.</summary>
    public Exception? Fault { get; private set; }

    public GenerationUsage? Usage { get; set; }

    public int ReasoningTokens { get; set; }

    /// <summary>Cancels it.</summary>
    public CancellationTokenSource Ending { get; } = new();

    /// <summary>Whether it has ended, however.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Sets how it is.</summary>
    public void Become(string status, Exception? fault = null)
    {
        lock (_gate)
            (Status, Fault) = (status, fault);
    }

    /// <summary>No more events come.</summary>
    public void End()
    {
        lock (_gate)
        {
            IsOver = true;
            _more.TrySetResult();
        }
    }

    /// <summary>Adds an event.</summary>
    public void Add(string name, Action<Utf8JsonWriter> write)
    {
        lock (_gate)
        {
            int sequence = _events.Count;
            byte[] data = Bytes(json =>
            {
                json.WriteStartObject();
                json.WriteString("type"u8, name);
                json.WriteNumber("sequence_number"u8, sequence);
                write(json);
                json.WriteEndObject();
            });
            _events.Add(new ResponseEvent(sequence, name, data));
            _more.TrySetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Adds an event with the whole response in it.</summary>
    public void AddWhole(string name) => Add(name, json =>
    {
        json.WritePropertyName("response"u8);
        Write(json);
    });

    /// <summary>The events behind a number, those that come too, up to the last.</summary>
    public async IAsyncEnumerable<ResponseEvent> ReadAsync(int after,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (long next = after + 1L; ;)
        {
            ResponseEvent? found = null;
            Task more;
            lock (_gate)
            {
                if (next < _events.Count)
                    found = _events[(int)next++];
                else if (IsOver)
                    yield break;
                more = _more.Task;
            }

            if (found is not null)
                yield return found;
            else
                await more.WaitAsync(cancellationToken).ConfigureAwait(false);
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
            json.WriteString("status"u8, Status);
            json.WriteBoolean("background"u8, request.IsBackground);
            WriteFault(json);
            WriteEcho(json, "instructions", "null");
            WriteEcho(json, "max_output_tokens", "null");
            WriteEcho(json, "metadata", "{}");
            json.WriteString("model"u8, model);
            json.WriteStartArray("output"u8);
            foreach (ResponseItem item in Items)
                item.Write(json);
            json.WriteEndArray();
            WriteEcho(json, "parallel_tool_calls", "true");
            json.WriteString("previous_response_id"u8, request.Previous);
            WriteEcho(json, "reasoning", "{\"effort\":null,\"summary\":null}");
            json.WriteBoolean("store"u8, request.IsStored);
            WriteEcho(json, "text", "{\"format\":{\"type\":\"text\"}}");
            WriteEcho(json, "tool_choice", "\"auto\"");
            WriteEcho(json, "tools", "[]");
            json.WriteString("truncation"u8, "disabled"u8);
            WriteUsage(json);
            json.WriteEndObject();
        }
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

        if (Status == "incomplete")
        {
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, "max_output_tokens"u8);
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
        if (request.Echo.TryGetValue(name, out JsonElement given))
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

    private static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, JsonOutput.Options))
            write(json);
        return buffer.WrittenSpan.ToArray();
    }
}
