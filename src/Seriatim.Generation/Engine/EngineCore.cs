namespace Seriatim.Generation;

/// <summary>
/// The engine without its thread: requests go in, steps are made one by one. All of it is used by one thread at a time, which
/// makes every scheduling decision a function of what came in before which step.
/// </summary>
internal sealed partial class EngineCore : IDisposable
{
    private readonly EngineContext _context;
    private readonly EngineGauges _gauges;
    private readonly MemoryPools? _pools;
    private readonly PrefixCache? _cache;
    private readonly Scheduler _scheduler;
    private readonly StepRunner _runner;
    private readonly RequestChecks _checks;
    private readonly Speculator _speculator;
    private readonly StepCost _cost = new();
    private readonly string _fingerprint;

    public EngineCore(IGenerationModel model, EngineOptions options)
    {
        options.Check(model);
        (_context, _fingerprint) = (new EngineContext(model, options), model.FingerprintOf(null));
        if (model.Capability.Remembers())
        {
            _pools = NewPools(model, options);
            if (options.PrefixCache)
                _cache = new PrefixCache(_pools);
        }

        int chunk = options.PrefillChunk ?? Math.Max(1, options.TokenBudget / 4);
        int scored = (int)Math.Max(1, (1L << 23) / model.VocabularySize);
        var limits = new SchedulerLimits(
            options.TokenBudget, chunk, options.MaxSequences, options.MaxOvertaking, scored, options.AgeingSteps);
        _scheduler = new Scheduler(limits, new MemoryForecast(_pools, _cache), _cache);
        _runner = new StepRunner(_context, _pools, _cache);
        _checks = new RequestChecks(model, options, _pools);
        _speculator = new Speculator(_context);
        _gauges = new EngineGauges(_pools, _cache, _scheduler, _speculator);
    }

    public IGenerationModel Model => _context.Model;

    public bool IsIdle => _scheduler.Running.Count == 0 && _scheduler.Waiting.Count == 0;

    /// <summary>Requests that wait for pages, to bound the queue; may be read by any thread.</summary>
    public int Waiting => _scheduler.Waiting.Count;

    /// <summary>May be read by any thread.</summary>
    public EngineLoad Load => _gauges.Load;

    public EngineStatistics Statistics => _gauges.Read();

    public EngineTimes Times => _gauges.Times;

    public EngineTotals Totals => _gauges.Totals;

    /// <summary>
    /// Whether steps keep to <see cref="EngineOptions.StepTime"/>; without it every plan follows from what came in before.
    /// </summary>
    public bool KeepsStepTime { get; init; }

    internal MemoryPools? Pools => _pools;

    internal PrefixCache? Cache => _cache;

    internal Exception? LastFailure => _runner.LastFailure;

    /// <summary>Why the draft model last failed; null: it did not.</summary>
    internal Exception? LastDraftFailure => _speculator.LastFailure;

    internal Scheduler Scheduler => _scheduler;

    /// <summary>Called with every plan before it runs; for tests.</summary>
    internal Action<StepPlan>? Planned { get; set; }

    /// <summary>Checks a request; may be called from any thread.</summary>
    /// <exception cref="GenerationException">The request is refused.</exception>
    public RequestLimits Check(GenerationRequest request) => _checks.Check(request);

    public void Check(EncodingRequest request) => EncodingChecks.Check(request, _context.Model, _context.Options);

    /// <summary>Checks a state as the request that it is; may be called from any thread.</summary>
    /// <exception cref="GenerationException">The state is refused.</exception>
    public RequestLimits Check(RequestState state) => _checks.Check(state);

    /// <summary>Takes a checked request over.</summary>
    public void Add(GenerationRequest request, RequestLimits limits, GenerationHandle handle, long submitted) =>
        Add(Prepare(RequestState.Of(limits.Decide(request, handle.Seed)), limits, handle, submitted));

    /// <summary>
    /// All that can be done for a request without the engine's thread: processors, its
    /// text so far. May be called from any thread.
    /// </summary>
    public SequenceGroup Prepare(RequestState state, RequestLimits limits, GenerationHandle handle, long submitted)
    {
        state.Take();
        try
        {
            return PrepareTaken(state, limits, handle, submitted);
        }
        catch
        {
            state.Give();
            throw;
        }
    }

    private SequenceGroup PrepareTaken(RequestState state, RequestLimits limits, GenerationHandle handle, long submitted)
    {
        GenerationRequest request = state.Request;
        bool caches = request.UsePrefixCache && request.EncoderInput.IsEmpty;
        Identify(state);
        var group = new SequenceGroup(handle.Number, request.Priority, limits.Width)
        {
            Work = new GenerationWork(_context, state, handle, limits, submitted),
            Watch = request.Watch,
            Remembers = limits.Strategy.Remembers,
            Drafting = Drafts(request, limits.Strategy) ? new Drafting(request, state.Seed, limits.MaxNewTokens) : null,
            Deadline = DeadlineOf(request.Timeout - state.Elapsed, submitted),
            EncoderInput = request.EncoderInput,
            Shortlist = request.Shortlist,
            ReadsCache = caches && request.PromptLogprobs is null,
            WritesCache = caches,
            Terms = limits.Terms,
            Demand = new MemoryDemand(0, _context.Options.TokenBudget, limits.Reach, request.EncoderInput.Length),
            Variant = new PrefixKey(_context.Model.MemoryVariant(limits.Terms), request.CacheSalt),
        };
        group.Follow();
        group.GrowTrunk();
        group.Refresh();
        return group;
    }

    /// <summary>Whether tokens are drafted: because that was asked for, or because a grammar leaves no choice.</summary>
    private bool Drafts(GenerationRequest request, Strategy strategy) => request.Speculation is not null
        || (request.Sampling.Grammar is not null && strategy is SamplingStrategy && _context.Options.JumpsForward);

    /// <summary>Takes a prepared request over.</summary>
    public void Add(SequenceGroup group)
    {
        if (!group.Work.IsDone)
            _scheduler.Add(group);
    }

    /// <summary>Takes a checked request over.</summary>
    public void Add(EncodingRequest request, long number, TaskCompletionSource<EncodingResult> completion,
        CancellationToken token)
    {
        var group = new SequenceGroup(number, request.Priority, 1)
        {
            Work = new EncodingWork(request, completion, token),
            Remembers = false,
            Terms = request.Adapter is null ? SequenceTerms.None : new SequenceTerms { Adapter = request.Adapter },
        };
        group.Follow();
        group.Refresh();
        Add(group);
    }

    /// <summary>One step: plan, run, commit. False if there was nothing to do.</summary>
    public bool Step()
    {
        TimeProvider clock = _context.Clock;
        long begin = clock.GetTimestamp();
        EndSome();
        _speculator.Propose(_scheduler.Running, _cost);
        StepPlan plan = _scheduler.Plan(KeepsStepTime
            ? _cost.RowsWithin(_context.Options.StepTime, _context.Options.TokenBudget)
            : int.MaxValue);
        if (plan.IsEmpty)
        {
            return IsIdle || _scheduler.IsPaused ? false
                : throw new InvalidOperationException("Requests wait and none can run: the forecast of memory is wrong.");
        }

        Planned?.Invoke(plan);
        foreach (SequenceGroup group in plan.Preempted)
            EngineEvents.Preempted(_context.Logger, group.Number);
        Tell(plan);
        TellBegin(plan);
        _runner.Prepare(plan);
        _scheduler.Apply(plan, clock.GetTimestamp());
        _gauges.Count(plan);
        long start = clock.GetTimestamp();
        StepRows rows = _runner.Run(plan);
        long end = clock.GetTimestamp();
        _cost.Note(_gauges.LastRows, clock.GetElapsedTime(start, end).TotalSeconds);
        _scheduler.Commit(plan, rows);
        rows.Dispose();
        var times = new EngineTimes
        {
            Scheduling = clock.GetElapsedTime(begin, start),
            Passes = clock.GetElapsedTime(start, end),
            Sampling = clock.GetElapsedTime(end),
        };
        _gauges.CountTime(times);
        TellEnd(plan, begin, times);
        return true;
    }

    /// <summary>
    /// After a step that broke off: everything gives its pages back and is computed again, which changes no output. If it breaks
    /// off again, the requests that are there fail; later ones find an engine that works.
    /// </summary>
    /// <param name="exception">What broke it off.</param>
    /// <param name="again">Whether the step before broke off, too.</param>
    public void Recover(Exception exception, bool again)
    {
        EngineEvents.Faulted(_context.Logger, _scheduler.Running.Count + _scheduler.Waiting.Count, exception);
        if (again)
        {
            var failure = new InvalidOperationException($"The engine's steps fail: {exception.Message}", exception);
            foreach (SequenceGroup group in _scheduler.Running.Concat(_scheduler.Waiting))
                group.Work.Fail(failure);
            _scheduler.RemoveDone();
        }

        _speculator.Forget();
        _scheduler.SuspendAll();
    }

    public void Dispose()
    {
        foreach (SequenceGroup group in _scheduler.Running.Concat(_scheduler.Waiting))
            group.Work.Cancel(group);
        _scheduler.RemoveDone();
        _speculator.Dispose();
        _runner.Dispose();
        _cache?.Clear();
        _pools?.Dispose();
    }

    /// <summary>Tells those who watch a request what a step does with it.</summary>
    private void Tell(StepPlan plan)
    {
        foreach (SequenceGroup group in plan.Preempted)
            group.Watch?.Invoke(new RequestMoment(RequestMomentKind.Preempted, 0));
        foreach (Admission admission in plan.Admitted)
        {
            int remembered = admission.PrefixPages * (_pools?.PageSize ?? 0);
            admission.Group.Watch?.Invoke(new RequestMoment(RequestMomentKind.Admitted, remembered));
        }

        foreach (PlannedSegment segment in plan.Segments)
        {
            if (segment.Wish.IsSource || segment.First < segment.Sequence.PromptLength)
                segment.Group.Watch?.Invoke(new RequestMoment(RequestMomentKind.Prefill, segment.Rows));
        }
    }

    /// <summary>The pools of a model in the sizes of the options.</summary>
    internal static MemoryPools NewPools(IGenerationModel model, EngineOptions options)
    {
        MemoryPools pools = model.NewMemoryPools(options.PageSize, options.PagesFor(model), options.StatesFor(model),
            options.KeyValueType);
        if (pools.Count is > 0 and <= MemoryUnits.MostKinds)
            return pools;
        pools.Dispose();
        throw new InvalidOptionException("Model", $"{pools.Count} kinds of memory", $"1 to {MemoryUnits.MostKinds} are served");
    }

    /// <summary>
    /// The time of a deadline in ticks of the clock; null: there is none, or it is beyond what the clock can count.
    /// </summary>
    private long? DeadlineOf(TimeSpan? timeout, long submitted)
    {
        double ticks = (timeout?.TotalSeconds ?? double.PositiveInfinity) * _context.Clock.TimestampFrequency;
        return ticks < long.MaxValue / 2.0 ? submitted + (long)ticks : null;
    }

    /// <summary>
    /// Ends the requests that were cancelled, whose time is over, or that go elsewhere;
    /// sets those aside whose stream nobody reads.
    /// </summary>
    private void EndSome()
    {
        long now = 0;
        for (int i = _scheduler.Running.Count - 1; i >= 0; i--)
        {
            if (_scheduler.Running[i].Work.IsPaused)
                _scheduler.Suspend(_scheduler.Running[i]);
        }

        // Looked at once a step: a reader may come at any moment, and a plan must not find both.
        for (int i = 0; i < _scheduler.Waiting.Count; i++)
            _scheduler.Waiting[i].IsAside = _scheduler.Waiting[i].Work.IsPaused;

        bool any = EndSome(_scheduler.Running, ref now);
        any |= EndSome(_scheduler.Waiting, ref now);
        if (any)
            _scheduler.RemoveDone();
    }

    private bool EndSome(IReadOnlyList<SequenceGroup> groups, ref long now)
    {
        bool any = false;
        for (int i = 0; i < groups.Count; i++)
        {
            SequenceGroup group = groups[i];
            if (group.Work.IsCancelled)
                group.Work.Cancel(group);
            else if (group.Deadline is { } deadline && (now = now == 0 ? _context.Clock.GetTimestamp() : now) >= deadline)
                group.Work.Expire(group);
            if (group.Work is { IsExported: true, IsDone: false })
                group.Work.Export(group);
            any |= group.Work.IsDone;
        }

        return any;
    }
}
