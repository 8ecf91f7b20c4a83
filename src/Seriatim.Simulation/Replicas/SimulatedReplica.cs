namespace Seriatim.Simulation;

/// <summary>
/// A replica: the engine's own queue, scheduler, pages and prefix cache. Its steps take the time that a price says. What it
/// remembers is bounded by its pages, and made when it gets its first request.
/// </summary>
/// <param name="number">Its number.</param>
/// <param name="options">How its engine runs.</param>
/// <param name="price">What its steps take.</param>
internal sealed class SimulatedReplica(int number, EngineOptions options, StepPrice price)
{
    /// <summary>The vocabulary matters where prompts are scored, and none is.</summary>
    private const int Vocabulary = 1 << 15;

    private readonly List<SequenceGroup> _incoming = [];
    private EngineSchedule? _schedule;
    private StepRows? _rows;
    private StepPlan? _plan;
    private long _runs;
    private double _seconds;

    public int Number => number;

    /// <summary>Its name, by whose order the router decides between equals.</summary>
    public string Name { get; } = $"replica-{number:D6}";

    /// <summary>How often it was started: what it was before is another one.</summary>
    public int Incarnation { get; private set; }

    /// <summary>Since when it is dead; null: it lives.</summary>
    public long? Dead { get; private set; }

    /// <summary>Since when it is frozen; null: it is not.</summary>
    public long? Frozen { get; set; }

    /// <summary>Whether it answers.</summary>
    public bool Answers => Dead is null && Frozen is null;

    /// <summary>When the step under way ends; null: there is none.</summary>
    public long? StepEnd { get; set; }

    /// <summary>Steps that it has made.</summary>
    public long Steps { get; private set; }

    /// <summary>Rows of them.</summary>
    public long Rows { get; private set; }

    /// <summary>Nanoseconds of them.</summary>
    public long Busy { get; private set; }

    /// <summary>Nanoseconds in which it was dead.</summary>
    public long Absent { get; private set; }

    /// <summary>Whether it ever had a request.</summary>
    public bool IsUsed => _schedule is not null;

    /// <summary>Requests that run.</summary>
    public int Running => _schedule?.Scheduler.Running.Count ?? 0;

    /// <summary>Requests that wait.</summary>
    public int Waiting => (_schedule?.Scheduler.Waiting.Count ?? 0) + _incoming.Count;

    /// <summary>All runs that it has.</summary>
    public IEnumerable<SimulatedRun> Runs => (_schedule is null ? [] : _schedule.Scheduler.Running
        .Concat(_schedule.Scheduler.Waiting)).Concat(_incoming).Select(group => (SimulatedRun)group.Work);

    /// <summary>Takes a run into its queue, unless that is full.</summary>
    /// <exception cref="SimulationException">It could never run here.</exception>
    public bool TryAdd(SimulatedRun run)
    {
        if (Waiting >= options.MaxQueuedRequests)
            return false;
        Add(run);
        return true;
    }

    /// <summary>Takes a run into its queue.</summary>
    /// <exception cref="SimulationException">It could never run here.</exception>
    public void Add(SimulatedRun run)
    {
        _schedule ??= NewSchedule();
        TraceRequest request = run.Stream.Request;
        var demand = new MemoryDemand(0, options.TokenBudget);
        long pages = _schedule.Pools![0].Most(demand with { Length = request.Length + request.Output });
        if (pages > _schedule.Pools[0].Units)
        {
            throw new SimulationException($"Request {run.Stream.Number + 1} needs {pages} pages for {request.Length} tokens and "
                + $"{request.Output} new ones; a replica has {_schedule.Pools[0].Units}. Give replicas more pages.");
        }

        var group = new SequenceGroup(++_runs, 0, 1)
        {
            Work = run,
            ReadsCache = options.PrefixCache,
            WritesCache = options.PrefixCache,
            Demand = demand,
        };
        group.Follow();
        group.Refresh();
        run.Group = group;
        _incoming.Add(group);
    }

    /// <summary>Begins a step, if there is something to do and it can.</summary>
    /// <param name="now">Nanoseconds.</param>
    /// <returns>Whether it does.</returns>
    public bool TryBegin(long now)
    {
        if (_schedule is null || StepEnd is not null || !Answers)
            return false;
        foreach (SequenceGroup group in _incoming)
        {
            if (!group.Work.IsCancelled)
                _schedule.Scheduler.Add(group);
        }

        _incoming.Clear();
        _schedule.EndSome(TimeProvider.System);
        StepPlan plan = _schedule.Plan();
        if (plan.IsEmpty)
            return false;
        _schedule.Begin(plan, now);
        _schedule.Memory.Prepare(plan);
        StepWork work = StepWork.Of(plan);
        long time = Math.Max(1, (long)Math.Round(price.Seconds(work) * 1e9));

        // As the engine's clock has it, so that it learns the same of its steps.
        (_plan, _seconds) = (plan, TimeSpan.FromTicks(time / TimeSpan.NanosecondsPerTick).TotalSeconds);
        (StepEnd, Busy, Steps, Rows) = (now + time, Busy + time, Steps + 1, Rows + work.Rows);
        return true;
    }

    /// <summary>Ends the step under way: its runs take their tokens.</summary>
    public void End()
    {
        _rows!.Reset(_plan!.Segments.Count);
        _schedule!.End(_plan, _rows, _seconds);
        (_plan, StepEnd) = (null, null);
    }

    /// <summary>Dies: all that it had is gone.</summary>
    public void Kill(long now)
    {
        _incoming.Clear();
        (_schedule, _plan, StepEnd, Frozen, Dead) = (null, null, null, null, now);
    }

    /// <summary>Is started again, with nothing in its memory.</summary>
    public void Restart(long now)
    {
        Absent += now - Dead!.Value;
        (Dead, Incarnation) = (null, Incarnation + 1);
    }

    /// <summary>Counts a time that it was dead to the end.</summary>
    public void Close(long now) => Absent += Dead is { } since ? Math.Max(0, now - since) : 0;

    /// <summary>How busy it is, as it tells with each answer.</summary>
    public ModelReport Load() => new()
    {
        Running = Running,
        Waiting = Waiting,
        MostWaiting = options.MaxQueuedRequests,
        Pages = _schedule?.Pools![0].Units ?? 0,
        PagesInUse = _schedule is null ? 0 : _schedule.Pools![0].Units - _schedule.Pools[0].Free,
    };

    /// <summary>The pages that it tells of.</summary>
    public uint[] Summary() => _schedule?.Cache?.Summary(ModelReport.MostPages) ?? [];

    private EngineSchedule NewSchedule()
    {
        _rows ??= new StepRows();
        var pool = new TokenPool(options.Pages!.Value, options.PageSize);
        return new EngineSchedule(options, new MemoryPools(options.PageSize, pool), Vocabulary) { KeepsStepTime = true };
    }
}
