using System.Text;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>Makes a response: reads the job's answer, and tells its events.</summary>
/// <param name="response">The response.</param>
/// <param name="job">Its job; it is disposed in the end.</param>
/// <param name="server">The server.</param>
/// <param name="requestId">The request's id, for the log.</param>
internal sealed class ResponseRun(StoredResponse response, RunningJob job, ServerCore server, string requestId)
{
    private ResponseItem? _open;
    private FinishReason _finish;

    /// <summary>Reads to the end; what goes wrong is the response's.</summary>
    public async Task RunAsync()
    {
        using RunningJob running = job;
        CancellationToken killed = server.State.Killed, ending = response.Ending.Token;
        using CancellationTokenRegistration ends = killed.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(), response.Ending);
        try
        {
            response.Change(Start);
            await foreach (AnswerDelta delta in job.ReadAsync(ending).ConfigureAwait(false))
            {
                await response.RoomAsync(ending).ConfigureAwait(false);
                response.Change(() => Take(delta));
            }

            GenerationResult[] results = await job.ResultsAsync().ConfigureAwait(false);
            int reasoning = job.ReasoningTokens(results);
            response.Change(() => Complete(results[0], reasoning));
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !killed.IsCancellationRequested)
        {
            response.Change(() => Break("cancelled", null));
        }
        catch (OperationCanceledException)
        {
            response.Change(() => Break("failed", new ApiException(ErrorTable.Draining)));
        }
        catch (Exception exception)
        {
            Log(exception);
            response.Change(() => Break("failed", exception));
        }
        finally
        {
            response.Change(response.End);
            server.Responses.Settle(response);
        }
    }

    private void Start()
    {
        response.Become("in_progress");
        response.AddWhole("response.created");
        response.AddWhole("response.in_progress");
    }

    private void Complete(GenerationResult result, int reasoning)
    {
        bool isCut = _finish is FinishReason.Length or FinishReason.Timeout;
        Close(isIncomplete: isCut);
        (response.Usage, response.ReasoningTokens) = (result.Usage, reasoning);
        response.Turns.Add(Turn());
        response.Reason = _finish == FinishReason.Timeout ? "timeout" : "max_output_tokens";
        End(isCut ? "incomplete" : "completed", null);
    }

    private void Break(string status, Exception? fault)
    {
        Close(isIncomplete: true);
        End(status, fault);
    }

    /// <summary>How it ended, its last event and that no more come are one change: who sees one sees all.</summary>
    private void End(string status, Exception? fault)
    {
        response.Become(status, fault);
        response.AddWhole($"response.{status}");
        response.End();
    }

    /// <summary>A whole answer that fails is told by the pipeline, which logs it; of others nobody else hears.</summary>
    private void Log(Exception exception)
    {
        if (response.HasEvents && ErrorTable.Of(exception, requestId) is { Fault: { } fault } error)
            ServerLog.Failed(server.Logger, fault, "POST", "/v1/responses", error.Status, requestId);
    }

    private void Take(AnswerDelta delta)
    {
        AnswerPart part = delta.Part;
        switch (part.Kind)
        {
            case AnswerPartKind.Content:
                Open(part.Kind, "msg");
                Grow(part.Text, "response.output_text.delta", Told(delta));
                break;
            case AnswerPartKind.Reasoning:
                Open(part.Kind, "rs");
                Grow(part.Text, "response.reasoning_text.delta");
                break;
            case AnswerPartKind.CallBegin:
                Close(isIncomplete: false);
                Begin(new ResponseItem(part.Kind, IdOf("fc")) { CallId = part.CallId!, Tool = part.Tool! });
                break;
            case AnswerPartKind.CallArguments:
                Grow(part.Text, "response.function_call_arguments.delta");
                break;
            case AnswerPartKind.CallEnd:
                Close(isIncomplete: false);
                break;
            case AnswerPartKind.Malformed:
                if (_open?.Kind == AnswerPartKind.CallBegin)
                    Close(isIncomplete: true);
                break;
            default:
                if (_open?.Kind == AnswerPartKind.Content)
                    Told(delta);
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

    /// <summary>Notes the log-probabilities that come with a piece of text, and gives them as items of JSON.</summary>
    private string Told(in AnswerDelta delta)
    {
        if (delta.Logprobs is not { Count: > 0 } logprobs)
            return "";
        string list = JsonOutput.TextOf(json =>
        {
            json.WriteStartArray();
            OpenAiJson.WriteLogprobItems(json, job.Language.Tokenizer, logprobs);
            json.WriteEndArray();
        });
        string items = list[1..^1];
        StringBuilder all = _open!.Logprobs;
        all.Append(all.Length > 0 ? "," : "").Append(items);
        return items;
    }

    private void Grow(string text, string name, string logprobs = "")
    {
        _open!.Text.Append(text);
        bool isText = _open.Kind == AnswerPartKind.Content;
        Event(name, json =>
        {
            if (_open.Kind != AnswerPartKind.CallBegin)
                json.WriteNumber("content_index"u8, 0);
            json.WriteString("delta"u8, text);
            if (isText)
                ResponseItem.WriteLogprobs(json, logprobs);
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
                if (isText)
                    ResponseItem.WriteLogprobs(json, $"{item.Logprobs}");
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
