using System.Collections.Concurrent;

namespace Seriatim.Generation;

/// <summary>
/// Serves any number of requests of one model at the same time: one thread, one ragged batch a step. Every caller goes through
/// here; what a request gives depends on nothing but the request.
/// </summary>
/// <remarks>Requests may come from any thread. Disposing cancels what is under way; the model is not disposed.</remarks>
public sealed class GenerationEngine : IDisposable
{
    private readonly EngineCore _core;
    private readonly EngineOptions _options;
    private readonly ConcurrentQueue<Action> _incoming = new();
    private readonly SemaphoreSlim _signal = new(0);
    private readonly Thread _thread;
    private Exception? _fault;
    private long _numbers;
    private int _queued;
    private int _waiting;
    private volatile bool _stopping;

    /// <summary>Starts an engine.</summary>
    /// <param name="model">The model; used by the engine's thread only.</param>
    /// <param name="options">How much it may use; null: the defaults.</param>
    /// <exception cref="InvalidOptionException">An option has a value that is not allowed.</exception>
    public GenerationEngine(IGenerationModel model, EngineOptions? options = null)
    {
        _options = options ?? new EngineOptions();
        _core = new EngineCore(model, _options) { KeepsStepTime = true };
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
        request = WithSuppressed(request);
        RequestLimits limits = _core.Check(request);
        Enter();
        long submitted = _options.Clock.GetTimestamp();
        var handle = new GenerationHandle(
            Interlocked.Increment(ref _numbers), request.Seed ?? DrawSeed(), () => _signal.Release(), cancellationToken);
        handle.Register();
        Post(() => _core.Add(request, limits, handle, submitted), handle.Fail);
        return handle;
    }

    /// <summary>Generates, and streams the tokens as they come; the verb of everything above.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Cancels it at the next step.</param>
    /// <exception cref="GenerationException">As <see cref="Submit"/>.</exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        Submit(request, cancellationToken);

    /// <summary>Generates, and returns the result when it is complete.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="cancellationToken">Cancels it at the next step.</param>
    /// <exception cref="GenerationException">As <see cref="Submit"/>.</exception>
    public Task<GenerationResult> CompleteAsync(GenerationRequest request, CancellationToken cancellationToken = default) =>
        Submit(request, cancellationToken).Completion;

    /// <summary>Reads a whole sequence: embedding, logits at places, or classes.</summary>
    /// <param name="request">What to read.</param>
    /// <param name="cancellationToken">Cancels it before it runs.</param>
    /// <exception cref="InvalidOptionException">An option is not allowed, or the model cannot do it.</exception>
    /// <exception cref="PromptTooLongException">The sequence does not fit into the context.</exception>
    /// <exception cref="RequestTooLargeException">It has more rows than a step.</exception>
    /// <exception cref="EngineOverloadedException">Too many requests are waiting.</exception>
    public Task<EncodingResult> EncodeAsync(EncodingRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        _core.Check(request);
        Enter();
        long submitted = _options.Clock.GetTimestamp();
        long number = Interlocked.Increment(ref _numbers);
        var completion = new TaskCompletionSource<EncodingResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => _core.Add(request, number, completion, cancellationToken, submitted), exception => completion.TrySetException(exception));
        return completion.Task;
    }

    /// <summary>Gauges and counters, taken between two steps.</summary>
    public Task<EngineStatistics> GetStatisticsAsync()
    {
        var completion = new TaskCompletionSource<EngineStatistics>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Increment(ref _queued);
        Post(() => completion.SetResult(_core.Statistics), exception => completion.TrySetException(exception));
        return completion.Task;
    }

    /// <summary>Where the engine's thread has spent its time so far.</summary>
    public EngineTimes Times => _core.Times;

    /// <summary>Cancels what is under way, ends the thread and gives all pages back.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _signal.Release();
        _thread.Join();
        _core.Dispose();
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

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        int queued = Interlocked.Increment(ref _queued);
        int waiting = queued + Volatile.Read(ref _waiting);
        if (waiting <= _options.MaxQueuedRequests)
            return;
        Interlocked.Decrement(ref _queued);
        throw new EngineOverloadedException(waiting - 1, _options.MaxQueuedRequests);
    }

    private void Post(Action add, Action<Exception> fail)
    {
        _incoming.Enqueue(() =>
        {
            if (_fault is { } fault)
                fail(new InvalidOperationException("The engine has stopped after an internal error.", fault));
            else if (_stopping)
                fail(new OperationCanceledException("The engine was disposed."));
            else
                TryAdd(add, fail);
        });
        _signal.Release();
    }

    private static void TryAdd(Action add, Action<Exception> fail)
    {
        try
        {
            add();
        }
        catch (Exception exception)
        {
            fail(exception);
        }
    }

    private void Run()
    {
        while (true)
        {
            bool stopping = _stopping;
            while (_incoming.TryDequeue(out Action? add))
            {
                add();
                Interlocked.Decrement(ref _queued);
            }

            Volatile.Write(ref _waiting, _core.Waiting);
            if (stopping)
                return;
            if (TryStep())
                continue;

            // Signals that came in while there was work are taken together; what they announced is in the queue.
            _signal.Wait();
            while (_signal.Wait(0))
            {
            }
        }
    }

    private bool TryStep()
    {
        try
        {
            return _fault is null && _core.Step();
        }
        catch (Exception exception)
        {
            // A bug of the engine itself: nobody may wait for ever.
            _fault = exception;
            _core.FailAll(new InvalidOperationException("The engine has stopped after an internal error.", exception));
            return false;
        }
    }
}
