namespace Seriatim.Generation;

/// <summary>Counts what happens, and looks at the memories when asked.</summary>
internal sealed class EngineGauges(MemoryPools? pools, PrefixCache? cache, Scheduler scheduler, Speculator speculator)
{
    private readonly bool _hasStates = pools is not null
        && Enumerable.Range(0, pools.Count).Any(kind => pools![kind].Name.Contains("state", StringComparison.Ordinal));

    private readonly HashSet<int> _used = [];
    private readonly HashSet<int> _shared = [];
    private readonly long[] _stepRows = new long[StepRowCounts.Bounds.Count + 1];
    private long _steps;
    private long _rows;
    private long _prefixHits;
    private long _tokensSaved;
    private long _preemptions;
    private long _scheduling;
    private long _passes;
    private long _sampling;
    private int _largest;

    public void Count(StepPlan plan)
    {
        int rows = 0;
        foreach (PlannedSegment segment in plan.Segments)
            rows += segment.AllRows;
        _steps++;
        Volatile.Write(ref _stepRows[StepRowCounts.PlaceOf(rows)], _stepRows[StepRowCounts.PlaceOf(rows)] + 1);
        _rows += rows;
        _largest = Math.Max(_largest, rows);
        _preemptions += plan.Preempted.Count;
        foreach (Admission admission in plan.Admitted)
        {
            if (admission.PrefixPages == 0)
                continue;
            _prefixHits++;
            _tokensSaved += (long)admission.PrefixPages * pools!.PageSize;
        }
    }

    /// <summary>Counts so far; may be read by any thread, and touches nothing that the engine's end gives back.</summary>
    public EngineTotals Totals => new(Volatile.Read(ref _steps), Volatile.Read(ref _tokensSaved),
        _hasStates ? Volatile.Read(ref _prefixHits) : 0, _hasStates,
        new StepRowCounts([.. _stepRows.Select((_, place) => Volatile.Read(ref _stepRows[place]))], Volatile.Read(ref _rows)),
        speculator.Gain.Seconds);

    /// <summary>Time so far; may be read by any thread.</summary>
    public EngineTimes Times => new()
    {
        Scheduling = new TimeSpan(Volatile.Read(ref _scheduling)),
        Passes = new TimeSpan(Volatile.Read(ref _passes)),
        Sampling = new TimeSpan(Volatile.Read(ref _sampling)),
    };

    public void CountTime(in EngineTimes step)
    {
        Volatile.Write(ref _scheduling, _scheduling + step.Scheduling.Ticks);
        Volatile.Write(ref _passes, _passes + step.Passes.Ticks);
        Volatile.Write(ref _sampling, _sampling + step.Sampling.Ticks);
    }

    /// <summary>How busy the engine is; may be read by any thread.</summary>
    public EngineLoad Load
    {
        get
        {
            var load = new EngineLoad { Running = scheduler.Running.Count, Waiting = scheduler.Waiting.Count };
            for (int kind = 0; kind < (pools?.Count ?? 0); kind++)
            {
                (int units, int used) = (pools![kind].Units, pools[kind].Units - pools[kind].Free);
                if (IsOwnPages(kind))
                {
                    load = load with
                    {
                        Pages = load.Pages + units,
                        PagesInUse = load.PagesInUse + used,
                        PagesCached = load.PagesCached + (cache is null ? 0 : pools[kind].Idle),
                    };
                }
                else if (!pools[kind].HoldsPositions)
                    load = load with { States = load.States + units, StatesInUse = load.StatesInUse + used };
            }

            return load;
        }
    }

    public EngineStatistics Read()
    {
        MemoryUnits cached = cache?.Evictable() ?? default;
        var memories = new MemoryGauge[pools?.Count ?? 0];
        (int pages, int pagesUsed, int pagesShared, int pagesCached, int wasted) = (0, 0, 0, 0, 0);
        for (int kind = 0; kind < memories.Length; kind++)
        {
            int unfilled = Count(kind);
            MemoryGauge gauge = memories[kind] = new MemoryGauge
            {
                Name = pools![kind].Name,
                Units = pools[kind].Units,
                UnitBytes = pools[kind].UnitBytes,
                Used = _used.Count,
                Shared = _shared.Count,
                Cached = cached[kind],
            };
            if (!IsOwnPages(kind))
                continue;
            pages += gauge.Units;
            (pagesUsed, pagesShared, pagesCached) = (pagesUsed + gauge.Used, pagesShared + gauge.Shared,
                pagesCached + gauge.Cached);
            wasted += unfilled;
        }

        return new EngineStatistics
        {
            Waiting = scheduler.Waiting.Count,
            Running = scheduler.Running.Count,
            Memories = memories,
            Pages = pages,
            PagesUsed = pagesUsed,
            PagesShared = pagesShared,
            PagesCached = pagesCached,
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

    /// <summary>Pages of the sequences themselves, which is what "pages" alone means.</summary>
    private bool IsOwnPages(int kind) => pools![kind] is PositionPool and not CrossPagePool;

    /// <summary>
    /// Finds the units of a kind that running sequences hold, and those that more than one does; returns the positions that hold
    /// nothing.
    /// </summary>
    private int Count(int kind)
    {
        _used.Clear();
        _shared.Clear();
        int unfilled = 0;
        foreach (SequenceGroup group in scheduler.Running)
        {
            foreach (Sequence sequence in group.Active)
            {
                if (sequence.Memory is not { } memory)
                    continue;
                LayerMemory store = memory.Stores[kind];
                for (int place = 0; place < store.Places; place++)
                {
                    if (store.UnitAt(place) is not (>= 0 and var unit))
                        continue;
                    if (!_used.Add(unit))
                        _shared.Add(unit);
                    else if (place == store.Places - 1)
                        unfilled += store.Unfilled(memory.Length);
                }
            }
        }

        return unfilled;
    }
}
