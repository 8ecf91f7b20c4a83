using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>Makes a response: reads the job's answer, and tells its events.</summary>
/// <param name="response">The response.</param>
/// <param name="job">Its job; it is disposed in the end.</param>
internal sealed class ResponseRun(StoredResponse response, RunningJob job)
{
    private readonly Dictionary<int, ResponseItem> _calls = [];
    private ResponseItem? _open;
    private FinishReason _finish;

    /// <summary>Reads to the end; what goes wrong is the response's.</summary>
    public async Task RunAsync()
    {
        using RunningJob running = job;
        try
        {
            response.Become("in_progress");
            response.AddWhole("response.created");
            response.AddWhole("response.in_progress");
            await foreach (AnswerDelta delta in job.ReadAsync(response.Ending.Token).ConfigureAwait(false))
                Take(delta);
            GenerationResult[] results = await job.ResultsAsync().ConfigureAwait(false);
            Close(isIncomplete: _finish is FinishReason.Length or FinishReason.Timeout);
            response.Usage = results[0].Usage;
            response.Turns.Add(Turn());
            response.Become(_finish is FinishReason.Length or FinishReason.Timeout ? "incomplete" : "completed");
            response.AddWhole($"response.{response.Status}");
        }
        catch (OperationCanceledException)
        {
            Close(isIncomplete: true);
            response.Become("cancelled");
        }
        catch (Exception exception)
        {
            Close(isIncomplete: true);
            response.Become("failed", exception);
            response.AddWhole("response.failed");
        }
        finally
        {
            response.End();
        }
    }

    private void Take(AnswerDelta delta)
    {
        AnswerPart part = delta.Part;
        switch (part.Kind)
        {
            case AnswerPartKind.Content:
                Open(part.Kind, "msg");
                Grow(part.Text, "response.output_text.delta");
                break;
            case AnswerPartKind.Reasoning:
                Open(part.Kind, "rs");
                response.ReasoningTokens += delta.TokenIds?.Count ?? 0;
                Grow(part.Text, "response.reasoning_text.delta");
                break;
            case AnswerPartKind.CallBegin:
                Close(isIncomplete: false);
                Begin(_calls[part.Call] = new ResponseItem(part.Kind, IdOf("fc")) { CallId = part.CallId!, Tool = part.Tool! });
                break;
            case AnswerPartKind.CallArguments:
                Grow(part.Text, "response.function_call_arguments.delta");
                break;
            case AnswerPartKind.CallEnd:
                Close(isIncomplete: false);
                break;
            default:
                _finish = delta.Finish ?? _finish;
                break;
        }
    }

    private void Open(AnswerPartKind kind, string prefix)
    {
        if (_open?.Kind == kind)
            return;
        Close(isIncomplete: false);
        Begin(new ResponseItem(kind, IdOf(prefix)));
        Event("response.content_part.added", json =>
        {
            json.WriteNumber("content_index"u8, 0);
            json.WritePropertyName("part"u8);
            _open!.WritePart(json);
        });
    }

    private void Begin(ResponseItem item)
    {
        response.Items.Add(_open = item);
        response.Add("response.output_item.added", json =>
        {
            json.WriteNumber("output_index"u8, response.Items.Count - 1);
            json.WritePropertyName("item"u8);
            item.Write(json);
        });
    }

    private void Grow(string text, string name)
    {
        _open!.Text.Append(text);
        bool isText = _open.Kind == AnswerPartKind.Content;
        Event(name, json =>
        {
            if (_open.Kind != AnswerPartKind.CallBegin)
                json.WriteNumber("content_index"u8, 0);
            json.WriteString("delta"u8, text);
            if (!isText)
                return;
            json.WriteStartArray("logprobs"u8);
            json.WriteEndArray();
        });
    }

    private void Close(bool isIncomplete)
    {
        if (_open is not { } item)
            return;

        // A call that ends otherwise than by its own end is none.
        (item.IsDone, item.IsIncomplete) = (true, isIncomplete || (item.Kind == AnswerPartKind.CallBegin
            && !AnswerSink.TryParse($"{item.Text}", out _)));
        if (item.Kind == AnswerPartKind.CallBegin)
        {
            Event("response.function_call_arguments.done", json =>
            {
                json.WriteString("name"u8, item.Tool);
                json.WriteString("arguments"u8, $"{item.Text}");
            });
        }
        else
        {
            bool isText = item.Kind == AnswerPartKind.Content;
            Event(isText ? "response.output_text.done" : "response.reasoning_text.done", json =>
            {
                json.WriteNumber("content_index"u8, 0);
                json.WriteString("text"u8, $"{item.Text}");
                if (!isText)
                    return;
                json.WriteStartArray("logprobs"u8);
                json.WriteEndArray();
            });
            Event("response.content_part.done", json =>
            {
                json.WriteNumber("content_index"u8, 0);
                json.WritePropertyName("part"u8);
                item.WritePart(json);
            });
        }

        response.Add("response.output_item.done", json =>
        {
            json.WriteNumber("output_index"u8, response.Items.Count - 1);
            json.WritePropertyName("item"u8);
            item.Write(json);
        });
        _open = null;
    }

    private void Event(string name, Action<System.Text.Json.Utf8JsonWriter> write) => response.Add(name, json =>
    {
        json.WriteString("item_id"u8, _open!.Id);
        json.WriteNumber("output_index"u8, response.Items.Count - 1);
        write(json);
    });

    private string IdOf(string prefix) => $"{prefix}_{response.Id["resp_".Length..]}_{response.Items.Count}";

    /// <summary>The answer as later responses read it.</summary>
    private ChatTurn Turn()
    {
        var fields = new Dictionary<string, object?>();
        List<object?> calls = [.. response.Items
            .Where(item => item is { Kind: AnswerPartKind.CallBegin, IsIncomplete: false }).Select(item =>
        {
            AnswerSink.TryParse($"{item.Text}", out System.Text.Json.JsonElement arguments);
            return (object?)new ToolCall { Id = item.CallId, Name = item.Tool, Arguments = arguments }.Field;
        })];
        if (calls.Count > 0)
            fields["tool_calls"] = calls;
        string thoughts = Texts(AnswerPartKind.Reasoning);
        if (thoughts.Length > 0)
            fields[ChatJob.Reasoning] = thoughts;
        return new ChatTurn("assistant", Texts(AnswerPartKind.Content)) { Fields = fields };
    }

    private string Texts(AnswerPartKind kind) =>
        string.Concat(response.Items.Where(item => item.Kind == kind).Select(item => $"{item.Text}"));
}
