using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// What has to be known of a request's end, by metrics, limits, records and logs; told once, by whoever ends it.
/// </summary>
internal sealed class RequestFollower
{
    private readonly ApiCall _call;
    private readonly ServerCore _server;
    private readonly string _model;
    private readonly GenerationRequest _request;
    private readonly GenerationHandle _handle;
    private readonly int _prompt;

    private RequestFollower(ApiCall call, string model, GenerationRequest request, GenerationHandle handle, int prompt) =>
        (_call, _server, _model, _request, _handle, _prompt) = (call, call.Server, model, request, handle, prompt);

    /// <summary>Follows a request that was submitted.</summary>
    public static void Follow(ApiCall call, ModelUse use, GenerationRequest request, GenerationHandle handle, int prompt)
    {
        var follower = new RequestFollower(call, use.Name, request, handle, prompt);
        int tokens = request.Prompt.Length + request.EncoderInput.Length;
        call.Record?.Prompts[prompt].Seed = handle.Seed;
        call.Client.Budget?.Count(tokens);
        call.Server.Metrics.Begin(use.Name, request);
        _ = handle.Outcome.ContinueWith(follower.End, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void End(Task<GenerationResult> outcome)
    {
        RequestRecord? record = _call.Record;

        // However it ends, what was written was work: who leaves just before the end has had it all the same.
        _call.Client.Budget?.Count(_handle.Used?.NewTokens ?? 0);
        if (!outcome.IsCompletedSuccessfully)
        {
            string state = outcome.IsCanceled ? "cancelled" : "failed";
            record?.End(state, _prompt, _handle.Used?.NewTokens);
            _server.Metrics.Break(_model, _handle.Used, state);
            return;
        }

        GenerationResult result = outcome.Result;
        if (record is not null)
        {
            RecordedPrompt own = record.Prompts[_prompt];
            own.OutputHashes = [.. result.Choices.Select(choice => RecordedPrompt.HashOf([.. choice.TokenIds]))];
            own.Finishes = [.. result.Choices.Select(choice => choice.Finish)];
            (own.Usage, own.Timings) = (result.Usage, result.Timings);
            record.End("done", _prompt, result.Usage.NewTokens);
        }

        _server.Metrics.End(_model, _request, result);
        if (!_server.Options.LogsPrompts)
            return;
        foreach (GenerationChoice choice in result.Choices)
            ServerLog.Answer(_server.Logger, _call.Id, choice.Index, choice.Text);
    }
}
