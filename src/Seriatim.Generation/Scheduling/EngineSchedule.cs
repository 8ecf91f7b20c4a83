namespace Seriatim.Generation;

/// <summary>
/// All of an engine that decides, and nothing that computes: queue, plans, pages, prefix cache, the time of steps. An engine
/// runs the plans by a model; a simulation takes the time that a model would have taken, and is the same in all else.
/// </summary>
/// <remarks>
/// A step is <see cref="EndSome(TimeProvider)"/>, <see cref="Plan"/>, <see cref="Begin"/>, the rows, <see cref="End"/>.
/// </remarks>
internal sealed class EngineSchedule
{
    private readonly EngineOptions _options;

    /// <param name="options">How much it may use.</param>
    /// <param name="pools">Where memory comes from; null: nothing is remembered.</param>
    /// <param name="vocabulary">Token ids of the model, V: of scored prompts few rows go together.</param>
    public EngineSchedule(EngineOptions options, MemoryPools? pools, int vocabulary)
    {
        (_options, Pools) = (options, pools);
        if (pools is not null && options.PrefixCache)
            Cache = new PrefixCache(pools);
        int chunk = options.PrefillChunk ?? Math.Max(1, options.TokenBudget / 4);
        int scored = (int)Math.Max(1, (1L << 23) / vocabulary);
        var limits = new SchedulerLimits(
            options.TokenBudget, chunk, options.MaxSequences, options.MaxOvertaking, scored, options.AgeingSteps);
        Scheduler = new Scheduler(limits, new MemoryForecast(pools, Cache), Cache);
        Memory = new StepMemory(pools, Cache);
    }

    public MemoryPools? Pools { get; }

    public PrefixCache? Cache { get; }

    public Scheduler Scheduler { get; }

    public StepMemory Memory { get; }

    /// <summary>What steps have taken.</summary>
    public StepCost Cost { get; } = new();

    /// <summary>
    /// Whether steps keep to <see cref="EngineOptions.StepTime"/>; without it every plan follows from what came in before.
    /// </summary>
    public bool KeepsStepTime { get; init; }

    /// <summary>Whether nothing runs and nothing waits.</summary>
    public bool IsIdle => Scheduler.Running.Count == 0 && Scheduler.Waiting.Count == 0;

    /// <summary>
    /// Ends the requests that were cancelled, whose time is over, or that go elsewhere;
    /// sets those aside whose stream nobody reads.
    /// </summary>
    /// <param name="clock">Tells whose time is over.</param>
    public void EndSome(TimeProvider clock)
    {
        long now = 0;
        for (int i = Scheduler.Running.Count - 1; i >= 0; i--)
        {
            if (Scheduler.Running[i].Work.IsPaused)
                Scheduler.Suspend(Scheduler.Running[i]);
        }

        // Looked at once a step: a reader may come at any moment, and a plan must not find both.
        for (int i = 0; i < Scheduler.Waiting.Count; i++)
            Scheduler.Waiting[i].IsAside = Scheduler.Waiting[i].Work.IsPaused;

        bool any = EndSome(Scheduler.Running, clock, ref now);
        any |= EndSome(Scheduler.Waiting, clock, ref now);
        if (any)
            Scheduler.RemoveDone();
    }

    /// <summary>Plans a step.</summary>
    /// <exception cref="InvalidOperationException">Requests wait, and none could ever run.</exception>
    public StepPlan Plan()
    {
        StepPlan plan = Scheduler.Plan(
            KeepsStepTime ? Cost.RowsWithin(_options.StepTime, _options.TokenBudget) : int.MaxValue);
        return !plan.IsEmpty || IsIdle || Scheduler.IsPaused ? plan
            : throw new InvalidOperationException("Requests wait and none can run: the forecast of memory is wrong.");
    }

    /// <summary>Gives and takes memory as planned, and moves requests between the queues.</summary>
    /// <param name="plan">The step.</param>
    /// <param name="now">Ticks of the clock.</param>
    public void Begin(StepPlan plan, long now)
    {
        Memory.Begin(plan);
        Scheduler.Apply(plan, now);
    }

    /// <summary>Takes the rows of a step.</summary>
    /// <param name="plan">The step.</param>
    /// <param name="rows">What the model gave, or nothing of it.</param>
    /// <param name="seconds">How long the rows took.</param>
    public void End(StepPlan plan, StepRows rows, double seconds)
    {
        int count = 0;
        foreach (PlannedSegment segment in plan.Segments)
            count += segment.AllRows;
        Cost.Note(count, seconds);
        Scheduler.Commit(plan, rows);
    }

    private static bool EndSome(IReadOnlyList<SequenceGroup> groups, TimeProvider clock, ref long now)
    {
        bool any = false;
        for (int i = 0; i < groups.Count; i++)
        {
            SequenceGroup group = groups[i];
            if (group.Work.IsCancelled)
                group.Work.Cancel(group);
            else if (group.Deadline is { } deadline && (now = now == 0 ? clock.GetTimestamp() : now) >= deadline)
                group.Work.Expire(group);
            if (group.Work is { IsExported: true, IsDone: false })
                group.Work.Export(group);
            any |= group.Work.IsDone;
        }

        return any;
    }
}
