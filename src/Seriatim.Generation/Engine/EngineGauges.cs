namespace Seriatim.Generation;

/// <summary>Counts what happens, and looks at the pages when asked.</summary>
internal sealed class EngineGauges(PagePool? pool, PrefixCache? cache, Scheduler scheduler, Speculator speculator)
{
    private readonly HashSet<int> _used = [];
    private readonly HashSet<int> _shared = [];
    private long _steps;
    private long _rows;
    private long _prefixHits;
    private long _tokensSaved;
    private long _preemptions;
    private long _scheduling;
    private long _passes;
    private long _sampling;
    private int _largest;

    /// <summary>Rows of the last step.</summary>
    public int LastRows { get; private set; }

    public void Count(StepPlan plan)
    {
        LastRows = 0;
        foreach (PlannedSegment segment in plan.Segments)
            LastRows += segment.AllRows;
        _steps++;
        _rows += LastRows;
        _largest = Math.Max(_largest, LastRows);
        _preemptions += plan.Preempted.Count;
        foreach (Admission admission in plan.Admitted)
        {
            if (admission.PrefixPages == 0)
                continue;
            _prefixHits++;
            _tokensSaved += (long)admission.PrefixPages * pool!.PageSize;
        }
    }

    /// <summary>Time so far; may be read by any thread.</summary>
    public EngineTimes Times => new(
        new TimeSpan(Volatile.Read(ref _scheduling)), new TimeSpan(Volatile.Read(ref _passes)), new TimeSpan(Volatile.Read(ref _sampling)));

    public void CountTime(TimeSpan scheduling, TimeSpan passes, TimeSpan sampling)
    {
        Volatile.Write(ref _scheduling, _scheduling + scheduling.Ticks);
        Volatile.Write(ref _passes, _passes + passes.Ticks);
        Volatile.Write(ref _sampling, _sampling + sampling.Ticks);
    }

    public EngineStatistics Read()
    {
        _used.Clear();
        _shared.Clear();
        int wasted = 0;
        foreach (SequenceGroup group in scheduler.Running)
        {
            foreach (Sequence sequence in group.Active)
            {
                if (sequence.Memory is not { } memory)
                    continue;
                for (int i = 0; i < memory.Pages.Count; i++)
                {
                    if (memory.Pages[i] < 0)
                        continue;
                    if (!_used.Add(memory.Pages[i]))
                        _shared.Add(memory.Pages[i]);
                    else if (i == memory.Pages.Count - 1)
                        wasted += memory.Pages.Count * pool!.PageSize - memory.Length;
                }
            }
        }

        return new EngineStatistics
        {
            Waiting = scheduler.Waiting.Count,
            Running = scheduler.Running.Count,
            Pages = pool?.Pages ?? 0,
            PagesUsed = _used.Count,
            PagesShared = _shared.Count,
            PagesCached = cache?.Evictable() ?? 0,
            WastedPositions = wasted,
            Steps = _steps,
            Rows = _rows,
            LargestStep = _largest,
            PrefixHits = _prefixHits,
            TokensSaved = _tokensSaved,
            Preemptions = _preemptions,
            DraftFailures = speculator.Failures,
            Times = Times,
        };
    }
}
