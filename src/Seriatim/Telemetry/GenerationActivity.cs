using System.Diagnostics;
using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim;

/// <summary>One request as OpenTelemetry sees it: an activity from submission to end, and its measurements.</summary>
internal sealed class GenerationActivity
{
    private readonly Activity? _activity;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly string _operation;
    private readonly string _model;

    /// <summary>Whether the client's side is somebody else's to measure.</summary>
    private readonly bool _adapted = SeriatimTelemetry.IsAdapted;

    private readonly ServedAt? _served = SeriatimTelemetry.Served.Value;

    private GenerationActivity(string operation, string model, Activity? activity) =>
        (_operation, _model, _activity) = (operation, model, activity);

    public static GenerationActivity Start(string operation, string model, GenerationRequest? request)
    {
        // The activity belongs to the request, which outlives this call; the caller's own must be the current one again.
        Activity? current = Activity.Current;
        bool isTold = SeriatimTelemetry.IsAdapted && current?.GetTagItem("gen_ai.operation.name") is not null;
        Activity? activity = isTold
            ? null
            : SeriatimTelemetry.Activities.StartActivity($"{operation} {model}", ActivityKind.Client);
        Activity.Current = current;
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("gen_ai.operation.name", operation).SetTag("gen_ai.provider.name", "seriatim")
                .SetTag("gen_ai.request.model", model);
            if (SeriatimTelemetry.Served.Value is { } served)
                activity.SetTag("server.address", served.Address).SetTag("server.port", served.Port);
            if (request is not null)
                Describe(activity, request);
        }

        return new GenerationActivity(operation, model, activity);
    }

    /// <summary>The seed, given or drawn.</summary>
    public void SetSeed(ulong seed) => _activity?.SetTag("gen_ai.request.seed", unchecked((long)seed));

    /// <summary>Ends the activity when the request has ended.</summary>
    public void EndWith(Task<GenerationResult> completion, ModelTotals totals) => completion.ContinueWith(
        task =>
        {
            if (task.IsCompletedSuccessfully)
            {
                totals.Count(task.Result.Usage);
                End(task.Result);
            }
            else
                Fail(task.Exception?.InnerException ?? new OperationCanceledException());
        },
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Ends an activity that made no tokens, e.g. an embedding.</summary>
    public void End(int inputTokens)
    {
        _activity?.SetTag("gen_ai.usage.input_tokens", inputTokens);
        CountTokens(inputTokens, "input");
        Finish(null);
    }

    /// <summary>Ends the activity of a request that failed or was cancelled.</summary>
    public void Fail(Exception failure)
    {
        _activity?.SetTag("error.type", failure.GetType().FullName).SetStatus(ActivityStatusCode.Error, failure.Message);
        Finish(failure);
    }

    private TagList Tags
    {
        get
        {
            TagList tags = new()
            {
                { "gen_ai.operation.name", _operation }, { "gen_ai.provider.name", "seriatim" },
                { "gen_ai.request.model", _model }, { "gen_ai.response.model", _model },
            };
            if (_served is not null)
            {
                tags.Add("server.address", _served.Address);
                tags.Add("server.port", _served.Port);
            }

            return tags;
        }
    }

    private static void Describe(Activity activity, GenerationRequest request)
    {
        SamplingOptions sampling = request.Sampling;
        activity.SetTag("gen_ai.request.temperature", (double)sampling.Temperature)
            .SetTag("gen_ai.request.top_p", (double)sampling.TopP)
            .SetTag("gen_ai.request.choice.count", request.Count)
            .SetTag("gen_ai.request.frequency_penalty", (double)sampling.Penalties.Frequency)
            .SetTag("gen_ai.request.presence_penalty", (double)sampling.Penalties.Presence);
        if (sampling.TopK > 0)
            activity.SetTag("gen_ai.request.top_k", (double)sampling.TopK);
        if ((request.MaxNewTokens ?? request.SoftMaxNewTokens) is { } most)
            activity.SetTag("gen_ai.request.max_tokens", most);
        if (request.StopStrings.Count > 0)
            activity.SetTag("gen_ai.request.stop_sequences", request.StopStrings.ToArray());
    }

    private void End(GenerationResult result)
    {
        _activity?.SetTag("gen_ai.usage.input_tokens", result.Usage.PromptTokens)
            .SetTag("gen_ai.usage.output_tokens", result.Usage.NewTokens)
            .SetTag("gen_ai.response.model", _model)
            .SetTag("gen_ai.response.finish_reasons",
                result.Choices.Select(c => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{c.Finish}")).ToArray());
        CountTokens(result.Usage.PromptTokens, "input");
        CountTokens(result.Usage.NewTokens, "output");
        if (result.Timings.FirstToken is { } first)
        {
            SeriatimTelemetry.FirstToken.Record(first.TotalSeconds, Tags);
            if (result.Usage.NewTokens > 1)
            {
                SeriatimTelemetry.EachToken.Record((result.Timings.Total - first).TotalSeconds / (result.Usage.NewTokens - 1),
                    Tags);
            }
        }

        Finish(null);
    }

    private void CountTokens(int tokens, string type)
    {
        if (!_adapted)
            SeriatimTelemetry.Tokens.Record(tokens, [.. Tags, new("gen_ai.token.type", type)]);
    }

    private void Finish(Exception? failure)
    {
        TagList tags = Tags;
        if (failure is not null)
            tags.Add("error.type", failure.GetType().FullName);
        double seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        SeriatimTelemetry.ServerDuration.Record(seconds, tags);
        if (!_adapted)
            SeriatimTelemetry.Duration.Record(seconds, tags);
        Activity? current = Activity.Current;
        _activity?.Dispose();
        Activity.Current = current == _activity ? null : current;
    }
}
