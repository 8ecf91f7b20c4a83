using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Seriatim.Generation;

/// <summary>
/// Owns what engines of several models share: the device and its threads, the memory, logger, meter and clock. Hands out engines,
/// and keeps models by name: opens them when they are asked for, once however many ask, keeps them for a while, and unloads the
/// least recently used where another needs the memory.
/// </summary>
/// <remarks>
/// May be used from any thread. The engines share one team of threads and compute in turn, a pass each, so that never more
/// threads work than there are; a pass is as long as <see cref="EngineOptions.StepTime"/> says. Weights and pools of all engines
/// lie within one budget. What a request gives depends on none of this.
/// </remarks>
public sealed partial class EngineHost : IAsyncDisposable, IDisposable
{
    /// <summary>Name of the host's meter.</summary>
    public const string MeterName = "Seriatim.Host";

    private readonly Lock _gate = new();
    private readonly EngineHostOptions _options;
    private readonly ILogger _logger;
    private readonly Meter _meter;
    private readonly Turns _turns = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<GenerationEngine> _engines = [];
    private TaskCompletionSource _changed = NewSignal();
    private long _used;
    private bool _draining;
    private Task? _stopped;

    /// <summary>Starts the threads.</summary>
    /// <param name="options">What engines share; null: the defaults.</param>
    /// <exception cref="InvalidOptionException">An option has a value that is not allowed.</exception>
    public EngineHost(EngineHostOptions? options = null)
    {
        _options = options ?? new EngineHostOptions();
        _options.Check();
        Threads = _options.Threads == 0 ? Environment.ProcessorCount : _options.Threads;
        MemoryBytes = _options.MemoryBytes ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;
        _logger = _options.LoggerFactory?.CreateLogger(EngineEvents.Category) ?? NullLogger.Instance;
        Ops = _options.Device.NewOps(Threads);
        _meter = _options.MeterFactory?.Create(new MeterOptions(MeterName)) ?? new Meter(MeterName);
        _meter.CreateObservableGauge("seriatim.host.memory.used", () => MemoryInUse, "By", "Memory of weights and pools.");
        _meter.CreateObservableGauge("seriatim.host.memory.limit", () => MemoryBytes, "By", "Memory that the host may use.");
        _meter.CreateObservableGauge("seriatim.host.models", CountModels, "{model}", "Models by state.");
        _meter.CreateObservableGauge("seriatim.host.waiting", () => _turns.Waiting, "{engine}", "Engines that wait for threads.");
    }

    /// <summary>
    /// Tells when a model of the host begins or ends to be opened or unloaded. Called on any thread; must not block.
    /// </summary>
    public event Action<HostedModelStatus>? Changed;

    /// <summary>Where models compute.</summary>
    public Device Device => _options.Device;

    /// <summary>The ops of all models: one team of threads.</summary>
    public IDifferentiableOps Ops { get; }

    /// <summary>Threads that compute, for all engines together.</summary>
    public int Threads { get; }

    /// <summary>Bytes for weights and pools of all engines.</summary>
    public long MemoryBytes { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Clock => _options.Clock;

    /// <summary>Bytes of weights and pools that are taken.</summary>
    public long MemoryInUse
    {
        get
        {
            lock (_gate)
                return _used;
        }
    }

    /// <summary>
    /// Starts an engine for a model that somebody else opened; its pools come out of the host's memory until it is disposed. The
    /// weights are the caller's affair.
    /// </summary>
    /// <param name="model">The model, which computes with <see cref="Ops"/>.</param>
    /// <param name="options">How much it may use; null: the defaults. The host adds its clock and logger.</param>
    /// <exception cref="InvalidOptionException">An option has a value that is not allowed.</exception>
    /// <exception cref="HostMemoryException">There is not so much memory.</exception>
    /// <exception cref="HostStoppedException">The host gives out nothing more.</exception>
    public GenerationEngine NewEngine(IGenerationModel model, EngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new EngineOptions();
        long bytes = EngineMemory.Of(model, options);
        lock (_gate)
        {
            RequireGivingOut("An engine");
            long free = MemoryBytes - _used;
            if (bytes > free)
            {
                throw new HostMemoryException("The engine", bytes, free, MemoryBytes,
                    "Give it fewer pages, or unload models of the host first.");
            }

            _used += bytes;
        }

        GenerationEngine engine;
        try
        {
            engine = Start(model, options);
        }
        catch
        {
            GiveBack(bytes);
            throw;
        }

        _ = engine.Completion.ContinueWith(_ => Forget(engine, bytes), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return engine;
    }

    /// <summary>
    /// Gives out nothing more, and waits until all leases are back and all requests have ended. Engines and models stay.
    /// </summary>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether everything has ended.</returns>
    public async Task<bool> DrainAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        EngineHostOptions.CheckTime("timeout", timeout);
        long begin = Clock.GetTimestamp();
        lock (_gate)
            _draining = true;
        Signal();
        while (true)
        {
            bool busy;
            lock (_gate)
                busy = _entries.Values.Any(entry => entry.Leases > 0) || _engines.Any(IsBusy);
            TimeSpan waited = Clock.GetElapsedTime(begin);
            bool over = timeout != Timeout.InfiniteTimeSpan && waited >= timeout;
            if (!busy || over)
            {
                EngineEvents.Drained(_logger, waited.TotalSeconds, !busy);
                return !busy;
            }

            await Task.Delay(LookTime, Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Ends everything: cancels what runs, disposes engines, unloads models, ends the threads. A second time it waits for the
    /// first.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting, not the stopping.</param>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            _draining = true;
            _stopped ??= Task.Run(StopOnceAsync, CancellationToken.None);
        }

        return _stopped.WaitAsync(cancellationToken);
    }

    /// <summary>As <see cref="StopAsync"/>.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>As <see cref="StopAsync"/>; returns when that is done.</summary>
    public void Dispose() => StopAsync().GetAwaiter().GetResult();

    private static readonly TimeSpan LookTime = TimeSpan.FromMilliseconds(10);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static bool IsBusy(GenerationEngine engine) =>
        !engine.Completion.IsCompleted && engine.Load is var load && load.Running + load.Waiting > 0;

    private GenerationEngine Start(IGenerationModel model, EngineOptions options)
    {
        var engine = new GenerationEngine(new TurnTakingModel(model, _turns), options with
        {
            Clock = options.Clock == TimeProvider.System ? Clock : options.Clock,
            Logger = options.Logger ?? _logger,
            DraftModel = options.DraftModel is { } draft ? new TurnTakingModel(draft, _turns) : null,
        });
        bool isLate;
        lock (_gate)
        {
            isLate = _stopping.IsCancellationRequested;
            if (!isLate)
                _engines.Add(engine);
        }

        if (!isLate)
            return engine;
        engine.Dispose();
        throw new HostStoppedException("An engine", isStopped: true);
    }

    private async Task StopOnceAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        Signal();
        while (true)
        {
            Task[] closing;
            lock (_gate)
            {
                foreach (HostEntry entry in _entries.Values.Where(entry => entry.State == HostedModelState.Ready))
                    BeginClosing(entry, "the host was stopped");
                closing = [.. _entries.Values.Where(entry => entry.State != HostedModelState.Unloaded)
                    .Select(entry => entry.Transition)];
            }

            // One that was being opened may only now be there to be closed.
            if (closing.Length == 0)
                break;
            await Task.WhenAll(closing.Select(Ended)).ConfigureAwait(false);
        }

        GenerationEngine[] engines;
        lock (_gate)
            engines = [.. _engines];
        foreach (GenerationEngine engine in engines)
            await engine.DisposeAsync().ConfigureAwait(false);
        await UntilForgottenAsync().ConfigureAwait(false);
        Ops.Dispose();
        _meter.Dispose();
    }

    /// <summary>
    /// Waits until every engine's memory is given back: that follows the end of an engine on another thread, and whoever has
    /// seen the host stop must find nothing taken.
    /// </summary>
    private async Task UntilForgottenAsync()
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_engines.Count == 0)
                    return;
                changed = _changed.Task;
            }

            await changed.ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the end of a task, whichever it is.</summary>
    private static async Task Ended(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Forget(GenerationEngine engine, long bytes)
    {
        lock (_gate)
        {
            _engines.Remove(engine);
            _used -= bytes;
        }

        Signal();
    }

    private void GiveBack(long bytes)
    {
        lock (_gate)
            _used -= bytes;
        Signal();
    }

    /// <summary>Wakes all who wait for something to change.</summary>
    private void Signal()
    {
        TaskCompletionSource before;
        lock (_gate)
            (before, _changed) = (_changed, NewSignal());
        before.TrySetResult();
    }

    private void RequireGivingOut(string what)
    {
        if (_draining)
            throw new HostStoppedException(what, _stopped is not null);
    }

    private IEnumerable<Measurement<int>> CountModels()
    {
        HostedModelState[] states;
        lock (_gate)
            states = [.. _entries.Values.Select(entry => entry.State)];
        foreach (HostedModelState state in Enum.GetValues<HostedModelState>())
        {
            yield return new Measurement<int>(states.Count(own => own == state),
                new KeyValuePair<string, object?>("seriatim.state", state.ToString().ToLowerInvariant()));
        }
    }
}
