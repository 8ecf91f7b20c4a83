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
    private readonly int _prompt;

    private RequestFollower(ApiCall call, string model, GenerationRequest request, int prompt) =>
        (_call, _server, _model, _request, _prompt) = (call, call.Server, model, request, prompt);

    /// <summary>Follows a request that was submitted.</summary>
    public static void Follow(ApiCall call, ModelUse use, GenerationRequest request, GenerationHandle handle, int prompt)
    {
        var follower = new RequestFollower(call, use.Name, request, prompt);
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
        if (!outcome.IsCompletedSuccessfully)
        {
            string state = outcome.IsCanceled ? "cancelled" : "failed";
            record?.End(state, _prompt, null);
            _server.Metrics.End(_model, _request, null, state);
            return;
        }

        GenerationResult result = outcome.Result;
        _call.Client.Budget?.Count(result.Usage.NewTokens);
        if (record is not null)
        {
            RecordedPrompt own = record.Prompts[_prompt];
            own.OutputHashes = [.. result.Choices.Select(choice => RecordedPrompt.HashOf([.. choice.TokenIds]))];
            own.Finishes = [.. result.Choices.Select(choice => choice.Finish)];
            (own.Usage, own.Timings) = (result.Usage, result.Timings);
            record.End("done", _prompt, result.Usage.NewTokens);
        }

        _server.Metrics.End(_model, _request, result, "done");
        if (!_server.Options.LogsPrompts)
            return;
        foreach (GenerationChoice choice in result.Choices)
            ServerLog.Answer(_server.Logger, _call.Id, choice.Index, choice.Text);
    }
}
