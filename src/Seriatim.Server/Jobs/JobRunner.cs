using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Runs jobs: opens the model, submits the requests, and follows them for metrics, limits and records.</summary>
internal sealed class JobRunner(ServerCore server)
{
    /// <summary>Starts a job. What is wrong with it is thrown here, before anything is answered.</summary>
    /// <param name="call">The request it came with.</param>
    /// <param name="job">The job.</param>
    /// <param name="ending">Cancels it; null: when its client has gone.</param>
    /// <exception cref="ApiException">It is refused.</exception>
    /// <exception cref="GenerationException">The engine refuses it.</exception>
    public async Task<RunningJob> StartAsync(ApiCall call, IJob job, CancellationToken? ending = null)
    {
        ModelUse use = await server.Models.Find(job.Model).UseAsync(call.Aborted).ConfigureAwait(false);
        var handles = new List<GenerationHandle>();
        try
        {
            JobPlan plan = job.Plan(use);
            RequireChoices(plan);
            call.Span?.Begin(plan.Operation, use.Name);
            plan = plan with { Requests = [.. plan.Requests.Select(request => Complete(request, use, call))] };
            call.Record = server.Requests.Begin(call, use, plan);
            foreach (GenerationRequest request in plan.Requests)
            {
                if (server.Options.LogsPrompts)
                    ServerLog.Prompt(server.Logger, call.Id, use.Opened.Tokenizer.Decode(request.Prompt.Span, false));
                GenerationRequest watched = Watched(request, call.Record, handles.Count);
                KeptPart? kept = call.Kept is { } all ? new KeptPart(all, handles.Count) : null;
                GenerationHandle handle = await SubmitAsync(use, plan.Operation, watched, kept, ending ?? call.Aborted)
                    .ConfigureAwait(false);
                handles.Add(handle);
                RequestFollower.Follow(call, use, request, handle, handles.Count - 1);
            }

            if (call.Kept is { } told && !call.Http.Response.HasStarted)
                call.Http.Response.Headers[DurableCalls.Header] = told.IsKept ? "true" : "false";
            return new RunningJob(call, use, plan, handles);
        }
        catch
        {
            foreach (GenerationHandle handle in handles)
                handle.Cancel();
            call.Kept?.Abandon();
            for (int i = handles.Count; i < call.Record?.Prompts.Count; i++)
                call.Record.End("refused", i, null);
            use.Dispose();
            throw;
        }
    }

    /// <summary>The one place where a request meets an engine: this one's, or wherever the route takes it.</summary>
    private async Task<GenerationHandle> SubmitAsync(
        ModelUse use, string operation, GenerationRequest request, KeptPart? kept, CancellationToken ending) =>
        server.Route is { } route
            ? await use.Opened.SubmitAsync(operation, request, () => route.SubmitAsync(use, request, kept, ending))
                .ConfigureAwait(false)
            : use.Opened.Submit(operation, request, ending);

    private static GenerationRequest Watched(GenerationRequest request, RequestRecord? record, int prompt)
    {
        if (record is null)
            return request;
        record.Note("queued", prompt, request.Prompt.Length + request.EncoderInput.Length);
        return request with { Watch = moment => record.Note(RequestRecord.NameOf(moment.Kind), prompt, CountOf(moment)) };
    }

    private static int? CountOf(RequestMoment moment) =>
        moment.Kind is RequestMomentKind.Admitted or RequestMomentKind.Prefill ? moment.Count : null;

    /// <summary>What the model's name, the server and the client's key add.</summary>
    private GenerationRequest Complete(GenerationRequest request, ModelUse use, ApiCall call) => request with
    {
        Adapter = use.Adapter,
        Priority = request.Priority + call.Client.Priority,
        Timeout = request.Timeout is null || server.Options.RequestTimeout < request.Timeout
            ? server.Options.RequestTimeout : request.Timeout,
    };

    private void RequireChoices(JobPlan plan)
    {
        long choices = plan.Requests.Sum(request =>
            (long)Math.Max(request.Count, Math.Max(request.BestOf ?? 1, request.Beam?.Beams ?? 1)));
        if (choices > server.Options.MaxChoices)
        {
            throw ApiException.Invalid($"The request has {choices} answers (prompts times n or best_of); "
                + $"{server.Options.MaxChoices} are the most. Send several requests.", "n", "invalid_value");
        }
    }
}
