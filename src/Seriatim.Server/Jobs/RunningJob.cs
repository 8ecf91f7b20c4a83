using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>A job under way. Dispose it: what still runs is cancelled, and the model may be unloaded.</summary>
internal sealed class RunningJob : IDisposable
{
    private readonly ApiCall _call;
    private readonly ModelUse _use;
    private readonly JobPlan _plan;
    private readonly IReadOnlyList<GenerationHandle> _handles;

    public RunningJob(ApiCall call, ModelUse use, JobPlan plan, IReadOnlyList<GenerationHandle> handles) =>
        (_call, _use, _plan, _handles) = (call, use, plan, handles);

    /// <summary>The model's name here.</summary>
    public string Model => _use.Name;

    public LanguageModel Language => _use.Language;

    /// <summary>As OpenAI's <c>system_fingerprint</c>.</summary>
    public string Fingerprint => _use.Fingerprint;

    /// <summary>The requests, one for each prompt.</summary>
    public IReadOnlyList<GenerationRequest> Requests => _plan.Requests;

    /// <summary>Answers of one prompt.</summary>
    public int Count => _plan.Requests[0].Count;

    /// <summary>All answers, when they are complete.</summary>
    public async Task<JobResult> CompleteAsync()
    {
        GenerationResult[] results = await Task.WhenAll(_handles.Select(handle => handle.Completion)).ConfigureAwait(false);
        _call.Span?.End(Model, _call.Number, results);
        return new JobResult
        {
            Results = results,
            Answers = [.. results.Index().SelectMany(result => result.Item.Choices.Select(choice =>
            {
                int index = result.Index * Count + choice.Index;
                return Answer.Of(choice, index, NewReader(index));
            }))],
        };
    }

    /// <summary>The answers piece by piece; several prompts beside each other.</summary>
    public IAsyncEnumerable<AnswerDelta> ReadAsync(CancellationToken cancellationToken = default) =>
        _handles.Count == 1 ? ReadAsync(0, cancellationToken) : ReadAllAsync(cancellationToken);

    /// <summary>Tokens of answers that were thought.</summary>
    public int ReasoningTokens(IReadOnlyList<GenerationResult> results) => !_plan.Reasons ? 0
        : results.Zip(Requests).Sum(pair => pair.First.Choices.Sum(choice =>
            Server.ReasoningTokens.Of(choice, pair.Second, NewReader(choice.Index))));

    /// <summary>What the engine has to say of each prompt, once its stream has been read.</summary>
    public async Task<GenerationResult[]> ResultsAsync()
    {
        GenerationResult[] results = await Task.WhenAll(_handles.Select(handle => handle.Outcome)).ConfigureAwait(false);
        _call.Span?.End(Model, _call.Number, results);
        return results;
    }

    public void Dispose()
    {
        foreach (GenerationHandle handle in _handles)
        {
            if (!handle.Outcome.IsCompleted)
                handle.Cancel();
        }

        _use.Dispose();
    }

    private IAnswerReader NewReader(int index) => _plan.NewReader($"call_{_call.Number[..24]}_{index}");

    private async IAsyncEnumerable<AnswerDelta> ReadAsync(int prompt,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var streams = new AnswerStream[Count];
        var deltas = new List<AnswerDelta>();
        await foreach (GenerationUpdate update in _handles[prompt].WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            int index = prompt * Count + update.Choice;
            AnswerStream stream = streams[update.Choice] ??= new AnswerStream(index, NewReader(index));
            deltas.Clear();
            stream.Push(update, deltas);
            foreach (AnswerDelta delta in deltas)
                yield return delta;
        }
    }

    /// <summary>
    /// Through a channel with few places: where nobody reads, each prompt's own stream fills up, and the engine sets it aside.
    /// </summary>
    private async IAsyncEnumerable<AnswerDelta> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateBounded<AnswerDelta>(new BoundedChannelOptions(64) { SingleReader = true });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task all = Task.WhenAll(_handles.Select((_, prompt) => PumpAsync(prompt, channel.Writer, ending.Token)));
        _ = all.ContinueWith(task => channel.Writer.TryComplete(task.Exception?.InnerException), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await foreach (AnswerDelta delta in channel.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return delta;
            await all.ConfigureAwait(false);
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task PumpAsync(int prompt, ChannelWriter<AnswerDelta> writer, CancellationToken cancellationToken)
    {
        await foreach (AnswerDelta delta in ReadAsync(prompt, cancellationToken).ConfigureAwait(false))
            await writer.WriteAsync(delta, cancellationToken).ConfigureAwait(false);
    }
}
