using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Seriatim.Generation;

/// <summary>
/// Serves any number of requests of one model at the same time: one thread, one ragged batch a step. Every caller goes through
/// here; what a request gives depends on nothing but the request.
/// </summary>
/// <remarks>
/// Requests may come from any thread. Disposing cancels what is under way and waits for the step under way; it may be done again,
/// from any thread and at any time. The model is not disposed.
/// </remarks>
public sealed partial class GenerationEngine : IDisposable, IAsyncDisposable
{
    private readonly EngineCore _core;
    private readonly EngineOptions _options;
    private readonly ConcurrentQueue<Incoming> _incoming = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private long _numbers;
    private int _queued;
    private volatile bool _stopping;
    private bool _closed;
    private bool _failed;
    private EngineHealth _health = new() { State = EngineState.Working };

    /// <summary>Starts an engine.</summary>
    /// <param name="model">The model; used by the engine's thread only.</param>
    /// <param name="options">How much it may use; null: the defaults.</param>
    /// <exception cref="InvalidOptionException">An option has a value that is not allowed.</exception>
    public GenerationEngine(IGenerationModel model, EngineOptions? options = null)
    {
        _options = options ?? new EngineOptions();
        _core = new EngineCore(model, _options, keepsStepTime: true);
        _thread = new Thread(Run) { IsBackground = true, Name = "Seriatim generation" };
        _thread.Start();
    }

    /// <summary>The model.</summary>
    public IGenerationModel Model => _core.Model;

    /// <summary>The options.</summary>
    public EngineOptions Options => _options;

    /// <summary>Checks a request and puts it into the queue.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Cancels it at the next step.</param>
    /// <exception cref="InvalidOptionException">An option is not allowed or contradicts another.</exception>
    /// <exception cref="PromptTooLongException">Prompt and new tokens do not fit into the context.</exception>
    /// <exception cref="RequestTooLargeException">It could never run in this engine.</exception>
    /// <exception cref="EngineOverloadedException">Too many requests are waiting.</exception>
    public GenerationHandle Submit(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        (RequestState state, RequestLimits limits) = Begin(request);
        Enter();
        return Start(state, limits, isSilent: false, cancellationToken);
    }

    /// <summary>
    /// As <see cref="Submit(GenerationRequest, CancellationToken)"/>, but waits for room if the queue is full, in the order of
    /// arrival: for whoever has many requests, so that no batch fails in its middle.
    /// </summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Ends the waiting, or cancels the request at the next step.</param>
    /// <exception cref="InvalidOptionException">An option is not allowed or contradicts another.</exception>
    /// <exception cref="PromptTooLongException">Prompt and new tokens do not fit into the context.</exception>
    /// <exception cref="RequestTooLargeException">It could never run in this engine.</exception>
    public async Task<GenerationHandle> SubmitWhenFreeAsync(GenerationRequest request,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        (RequestState state, RequestLimits limits) = Begin(request);
        await EnterWhenFreeAsync(cancellationToken).ConfigureAwait(false);
        return Start(state, limits, isSilent: false, cancellationToken);
    }

    /// <summary>
    /// Generates, and streams the tokens as they come. The request is checked and begins when the first is asked for, and the
    /// stream is read once; <see cref="Submit(GenerationRequest, CancellationToken)"/> begins at once.
    /// </summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Cancels it at the next step.</param>
    /// <exception cref="GenerationException">
    /// As <see cref="Submit(GenerationRequest, CancellationToken)"/>; out of the stream.
    /// </exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(GenerationRequest request,
        CancellationToken cancellationToken = default) =>
        new ColdStream<GenerationUpdate>(reading => ReadAsync(request, cancellationToken, reading));

    /// <summary>Generates, and returns the result when it is complete.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Cancels it at the next step.</param>
    /// <exception cref="GenerationException">as <see cref="Submit(GenerationRequest, CancellationToken)"/>.</exception>
    public async Task<GenerationResult> CompleteAsync(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        (RequestState state, RequestLimits limits) = Begin(request);
        Enter();
        GenerationHandle handle = Start(state, limits, isSilent: true, cancellationToken);
        return await handle.Completion.ConfigureAwait(false);
    }

    /// <summary>
    /// Goes on with a request that was exported, here or elsewhere: with the same model it gives what it would have given there,
    /// to the last bit. Its stream has what had not gone out before.
    /// </summary>
    /// <param name="state">
    /// The state; the engine owns it from now on. Submit a <see cref="RequestState.Copy"/> to keep one.
    /// </param>
    /// <param name="cancellationToken">Cancels it at the next step.</param>
    /// <exception cref="InvalidOperationException">An engine has the state, or is about to take it.</exception>
    /// <exception cref="InvalidStateException">It is a state of another model or tokenizer.</exception>
    /// <exception cref="GenerationException">As <see cref="Submit(GenerationRequest, CancellationToken)"/>.</exception>
    public GenerationHandle Submit(RequestState state, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        RequestLimits limits;

        // Nobody reads a state that an engine runs, not even to refuse it: its lists change meanwhile.
        state.Take();
        try
        {
            limits = _core.Check(state);
        }
        finally
        {
            state.Give();
        }

        Enter();
        return Start(state, limits, isSilent: false, cancellationToken);
    }

    /// <summary>Reads a whole sequence: embedding, logits at places, or classes.</summary>
    /// <param name="request">What to read.</param>
    /// <param name="cancellationToken">Cancels it before it runs.</param>
    /// <exception cref="InvalidOptionException">An option is not allowed, or the model cannot do it.</exception>
    /// <exception cref="PromptTooLongException">The sequence does not fit into the context.</exception>
    /// <exception cref="RequestTooLargeException">It has more rows than a step.</exception>
    /// <exception cref="EngineOverloadedException">Too many requests are waiting.</exception>
    public async Task<EncodingResult> EncodeAsync(EncodingRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request = request.Own();
        _core.Check(request);
        Enter();
        return await Start(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="EncodeAsync"/>, but waits for room if the queue is full, in the order of arrival.</summary>
    /// <param name="request">What to read.</param>
    /// <param name="cancellationToken">Cancels it before it runs.</param>
    /// <exception cref="InvalidOptionException">An option is not allowed, or the model cannot do it.</exception>
    /// <exception cref="PromptTooLongException">The sequence does not fit into the context.</exception>
    /// <exception cref="RequestTooLargeException">It has more rows than a step.</exception>
    public async Task<EncodingResult> EncodeWhenFreeAsync(EncodingRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        request = request.Own();
        _core.Check(request);
        await EnterWhenFreeAsync(cancellationToken).ConfigureAwait(false);
        return await Start(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Gauges and counters, taken between two steps. Fails with
    /// <see cref="ObjectDisposedException"/> once the engine is disposed.
    /// </summary>
    public Task<EngineStatistics> GetStatisticsAsync() => BetweenSteps(() => _core.Statistics);

    /// <summary>How busy it is at this moment; waits for nothing.</summary>
    public EngineLoad Load => _core.Load with { Waiting = _core.Waiting + Math.Max(0, Volatile.Read(ref _queued)) };

    /// <summary>Where the engine's thread has spent its time so far.</summary>
    public EngineTimes Times => _core.Times;

    /// <summary>What it has counted; waits for nothing, and stays when it has ended.</summary>
    internal EngineTotals Totals => _core.Totals;

    /// <summary>Whether it works, and what it met; waits for nothing.</summary>
    public EngineHealth Health => Volatile.Read(ref _health);

    /// <summary>Ends when the engine has stopped and given everything back.</summary>
    public Task Completion => _ended.Task;

    /// <summary>
    /// Cancels what is under way, ends the thread and gives all pages back; returns when that is done, however
    /// often it is called. Called by what the engine itself runs (a strategy, a processor), it returns at
    /// once, and the engine ends after the step.
    /// </summary>
    public void Dispose()
    {
        Stop();
        if (Thread.CurrentThread != _thread)
            _ended.Task.GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="Dispose"/>, without blocking a thread.</summary>
    public ValueTask DisposeAsync()
    {
        Stop();
        return new ValueTask(_ended.Task);
    }

    private async IAsyncEnumerable<GenerationUpdate> ReadAsync(GenerationRequest request, CancellationToken cancellationToken,
        [EnumeratorCancellation] CancellationToken reading)
    {
        await foreach (GenerationUpdate update in Submit(request, cancellationToken)
            .WithCancellation(reading).ConfigureAwait(false))
        {
            yield return update;
        }
    }

    private void Stop()
    {
        _stopping = true;
        _signal.Release();
    }

    /// <summary>
    /// A checked request as a state with numbers of its own. Whatever may throw here does so before it has a place.
    /// </summary>
    private (RequestState State, RequestLimits Limits) Begin(GenerationRequest request)
    {
        request = WithSuppressed(request);
        RequestLimits limits = _core.Check(request);
        return (RequestState.Of(limits.Decide(request, request.Seed ?? DrawSeed())), limits);
    }

    private GenerationHandle Start(RequestState state, RequestLimits limits, bool isSilent, CancellationToken cancellationToken)
    {
        try
        {
            long submitted = _options.Clock.GetTimestamp();
            var handle = new GenerationHandle(
                Interlocked.Increment(ref _numbers), state.Seed, () => _signal.Release(), cancellationToken)
            {
                MaxUnread = _options.MaxUnreadUpdates,
                IsSilent = isSilent,
            };
            SequenceGroup group = _core.Prepare(state, limits, handle, submitted);
            handle.Register();
            Post(new Incoming(() => _core.Add(group), Fail, HasPlace: true));
            return handle;

            // The engine has gone meanwhile: the state is whole, and can go elsewhere.
            void Fail(Exception exception)
            {
                state.Give();
                handle.Fail(exception);
            }
        }
        catch
        {
            Leave();
            throw;
        }
    }

    private Task<EncodingResult> Start(EncodingRequest request, CancellationToken cancellationToken)
    {
        long number = Interlocked.Increment(ref _numbers);
        var completion = new TaskCompletionSource<EncodingResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new Incoming(
            () => _core.Add(request, number, completion, cancellationToken),
            exception => completion.TrySetException(exception), HasPlace: true));
        return completion.Task;
    }

    /// <summary>A seed below 2^63, so that every program can write it down and give it again.</summary>
    private static ulong DrawSeed() => (ulong)Random.Shared.NextInt64();

    private GenerationRequest WithSuppressed(GenerationRequest request)
    {
        if (_options.SuppressedIds.Count == 0)
            return request;
        TokenConstraints constraints = request.Sampling.Constraints;
        constraints = constraints with { Suppressed = [.. constraints.Suppressed, .. _options.SuppressedIds] };
        return request with { Sampling = request.Sampling with { Constraints = constraints } };
    }
}
