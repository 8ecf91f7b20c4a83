using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The events of a stream of <c>/v1/messages</c>: blocks that begin, grow and end.</summary>
/// <param name="id">The message's id.</param>
/// <param name="request">The request.</param>
/// <param name="job">Its job.</param>
/// <param name="stream">Where they go.</param>
internal sealed class MessagesEvents(string id, MessagesRequest request, RunningJob job, SseStream stream)
{
    private readonly List<int> _ids = [];
    private AnswerPartKind? _open;
    private int _index = -1;
    private FinishReason _finish;
    private bool _hasCalls;

    public void WriteStart()
    {
        Event("message_start", json =>
        {
            json.WriteStartObject("message"u8);
            json.WriteString("id"u8, id);
            json.WriteString("type"u8, "message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("model"u8, job.Model);
            json.WriteStartArray("content"u8);
            json.WriteEndArray();
            json.WriteNull("stop_reason"u8);
            json.WriteNull("stop_sequence"u8);
            MessagesEndpoint.WriteUsage(json, job.Requests[0].Prompt.Length + job.Requests[0].EncoderInput.Length, 0, 0);
            json.WriteEndObject();
        });
        Event("ping", _ => { });
    }

    public void Write(AnswerDelta delta)
    {
        AnswerPart part = delta.Part;
        if (delta.TokenIds is { } ids)
            _ids.AddRange(ids);
        switch (part.Kind)
        {
            case AnswerPartKind.Content:
                Open(part.Kind, "text", json => json.WriteString("text"u8, ""));
                Delta("text_delta", "text", part.Text);
                break;
            case AnswerPartKind.Reasoning:
                Open(part.Kind, "thinking", json =>
                {
                    json.WriteString("thinking"u8, "");
                    json.WriteString("signature"u8, "");
                });
                Delta("thinking_delta", "thinking", part.Text);
                break;
            case AnswerPartKind.CallBegin:
                Close();
                Open(part.Kind, "tool_use", json =>
                {
                    json.WriteString("id"u8, part.CallId);
                    json.WriteString("name"u8, part.Tool);
                    json.WriteStartObject("input"u8);
                    json.WriteEndObject();
                });
                break;
            case AnswerPartKind.CallArguments:
                Delta("input_json_delta", "partial_json", part.Text);
                break;
            case AnswerPartKind.CallEnd or AnswerPartKind.Malformed:
                Close();
                break;
            default:
                (_finish, _hasCalls) = (delta.Finish ?? _finish, delta.HasCalls);
                break;
        }
    }

    public void WriteEnd(GenerationResult result)
    {
        Close();
        MessagesStop stop = MessagesStop.Of(_finish, _hasCalls, request, job.Language.Tokenizer, _ids);
        Event("message_delta", json =>
        {
            json.WriteStartObject("delta"u8);
            stop.Write(json);
            json.WriteEndObject();
            MessagesEndpoint.WriteUsage(json, result.Usage.PromptTokens, result.Usage.CachedTokens, result.Usage.NewTokens);
        });
        Event("message_stop", _ => { });
    }

    /// <summary>Begins a block if none of its kind is open.</summary>
    private void Open(AnswerPartKind kind, string type, Action<Utf8JsonWriter> write)
    {
        if (_open == kind)
            return;
        Close();
        (_open, _index) = (kind, _index + 1);
        Event("content_block_start", json =>
        {
            json.WriteNumber("index"u8, _index);
            json.WriteStartObject("content_block"u8);
            json.WriteString("type"u8, type);
            write(json);
            json.WriteEndObject();
        });
    }

    private void Close()
    {
        if (_open is null)
            return;
        _open = null;
        Event("content_block_stop", json => json.WriteNumber("index"u8, _index));
    }

    private void Delta(string type, string name, string text) => Event("content_block_delta", json =>
    {
        json.WriteNumber("index"u8, _index);
        json.WriteStartObject("delta"u8);
        json.WriteString("type"u8, type);
        json.WriteString(name, text);
        json.WriteEndObject();
    });

    private void Event(string name, Action<Utf8JsonWriter> write) => stream.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, name);
        write(json);
        json.WriteEndObject();
    }, name);
}
