using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Answers <c>/api/generate</c> and <c>/api/chat</c>.</summary>
internal static class OllamaAnswer
{
    public static async Task WriteAsync(ApiCall call, OllamaRequest request)
    {
        ServedModel model = call.Server.Models.Find(request.Chat.Model);
        if (request.IsEmpty)
        {
            await LoadAsync(call, request, model).ConfigureAwait(false);
            return;
        }

        TimeSpan before = call.Elapsed;
        using RunningJob job = await call.Server.Jobs.StartAsync(call, new OllamaJob(request)).ConfigureAwait(false);
        request.KeepAlive.Apply(call, model);
        var output = new OllamaOutput(call, model.Name, request.IsChat)
        {
            Loading = call.Elapsed - before,
            Tokenizer = job.Language.Tokenizer,
        };
        if (request.Streams)
        {
            await StreamAsync(call, output, job).ConfigureAwait(false);
            return;
        }

        JobResult result = await job.CompleteAsync().ConfigureAwait(false);
        Answer answer = result.Answers[0];
        output.Tell(answer.Choice.Logprobs);
        await call.WriteAsync(json => output.WriteEnd(json, answer.Content, answer.Reasoning, answer.Calls,
            OllamaOutput.ReasonOf(answer.Finish), result.Results[0])).ConfigureAwait(false);
    }

    /// <summary>Opens a model, or closes it.</summary>
    private static async Task LoadAsync(ApiCall call, OllamaRequest request, ServedModel model)
    {
        bool closes = request.KeepAlive.Time == TimeSpan.Zero;
        if (closes && model.IsKept)
        {
            throw new ApiException(new ApiError(403, ApiError.InvalidRequest,
                $"{model.Name} is kept open by who runs the server (-m without --keep-alive); requests do not close it.",
                "model_kept", "keep_alive"));
        }

        if (closes)
            await call.Server.Models.Host.UnloadAsync(model.HostName, call.Aborted).ConfigureAwait(false);
        else
            (await model.UseAsync(call.Aborted).ConfigureAwait(false)).Dispose();
        if (!closes)
            request.KeepAlive.Apply(call, model);
        var output = new OllamaOutput(call, model.Name, request.IsChat);
        await call.WriteAsync(json => output.WriteEnd(json, "", "", [], closes ? "unload" : "load", null)).ConfigureAwait(false);
    }

    private static async Task StreamAsync(ApiCall call, OllamaOutput output, RunningJob job)
    {
        SseStream stream = SseStream.Begin(call, isLines: true);
        var calls = new Dictionary<int, AnsweredCall>();
        FinishReason finish = default;
        await stream.RunAsync(job.ReadAsync(), delta => Write(delta, output, stream, calls, ref finish), async () =>
        {
            GenerationResult[] results = await job.ResultsAsync().ConfigureAwait(false);
            stream.Write(json => output.WriteEnd(json, "", "", [], OllamaOutput.ReasonOf(finish), results[0]));
        }).ConfigureAwait(false);
    }

    /// <summary>Calls come whole, when they are complete.</summary>
    private static void Write(AnswerDelta delta, OllamaOutput output, SseStream stream, Dictionary<int, AnsweredCall> calls,
        ref FinishReason finish)
    {
        output.Tell(delta.Logprobs);
        AnswerPart part = delta.Part;
        switch (part.Kind)
        {
            case AnswerPartKind.Content:
                stream.Write(json => output.WritePiece(json, part.Text, "", []));
                break;
            case AnswerPartKind.Reasoning:
                stream.Write(json => output.WritePiece(json, "", part.Text, []));
                break;
            case AnswerPartKind.CallBegin:
                calls[part.Call] = new AnsweredCall(part.CallId!, part.Tool!, "");
                break;
            case AnswerPartKind.CallArguments:
                calls[part.Call] = calls[part.Call] with { Arguments = calls[part.Call].Arguments + part.Text };
                break;
            case AnswerPartKind.CallEnd:
                stream.Write(json => output.WritePiece(json, "", "", [calls[part.Call]]));
                break;
            default:
                finish = delta.Finish ?? finish;
                break;
        }
    }
}
