namespace Seriatim.Generation;

/// <summary>
/// How many units of each kind of memory a step may still use, while it is being planned: nothing is taken yet.
/// </summary>
internal sealed class MemoryForecast(MemoryPools? pools, PrefixCache? cache)
{
    private readonly Dictionary<(int Kind, int Unit), int> _released = [];
    private readonly int _kinds = pools?.Count ?? 0;
    private MemoryUnits _available;
    private MemoryUnits _pinned;
    private bool _countedCache;

    public int PageSize => pools?.PageSize ?? 0;

    public void Reset()
    {
        _released.Clear();
        for (int kind = 0; kind < _kinds; kind++)
            _available[kind] = pools![kind].Free;
        (_countedCache, _pinned) = (false, default);
    }

    /// <summary>Units for more rows of a sequence: new ones, and copies of shared ones.</summary>
    /// <param name="group">Its request.</param>
    /// <param name="sequence">The sequence.</param>
    /// <param name="first">Its length, which it has or will have when the step begins.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="points">After which rows it may be committed or shared.</param>
    public MemoryUnits Need(SequenceGroup group, Sequence sequence, int first, int rows, CommitPoints points)
    {
        MemoryUnits need = default;
        if (rows == 0)
            return need;
        bool isFirst = sequence.Memory is null or { NeedsEncoder: true };
        var step = new MemoryStep(rows, isFirst ? group.EncoderInput.Length : 0, points);
        for (int kind = 0; kind < _kinds; kind++)
            need[kind] = sequence.Memory?.Stores[kind].Need(first, step) ?? pools![kind].Need(first, step);
        return need;
    }

    /// <summary>Units that a prompt under way is going to need beyond those it holds.</summary>
    public MemoryUnits Missing(SequenceGroup group, Sequence sequence)
    {
        MemoryUnits missing = default;
        for (int kind = 0; kind < _kinds; kind++)
            missing[kind] = (int)pools![kind].Missing(sequence.Length, group.Demand with { Length = sequence.Tokens.Count });
        return missing;
    }

    /// <summary>Units that a sequence with so many tokens comes to hold at most.</summary>
    public MemoryUnits Most(SequenceGroup group, int tokens)
    {
        MemoryUnits most = default;
        for (int kind = 0; kind < _kinds; kind++)
            most[kind] = (int)Math.Min(int.MaxValue / 2, pools![kind].Most(group.Demand with { Length = tokens }));
        return most;
    }

    /// <summary>What is set aside for a request that has begun.</summary>
    public MemoryUnits Growth(int requests)
    {
        MemoryUnits growth = default;
        for (int kind = 0; kind < _kinds; kind++)
            growth[kind] = requests * pools![kind].Growth;
        return growth;
    }

    public bool CanTake(in MemoryUnits units)
    {
        if (!_available.Covers(units) && !_countedCache)
        {
            _countedCache = true;
            if (cache is not null)
                _available += cache.Evictable();
            _available -= _pinned;
        }

        return _available.Covers(units);
    }

    public bool TryTake(in MemoryUnits units)
    {
        if (!units.IsNone && !CanTake(units))
            return false;
        _available -= units;
        return true;
    }

    public void Give(in MemoryUnits units) => _available += units;

    /// <summary>What a request would take of a chain of the prefix cache.</summary>
    /// <returns>
    /// Units of the chain that are in its sight, and those of them that nobody holds, or will after the preemptions of this plan.
    /// </returns>
    public (MemoryUnits Shared, MemoryUnits Unheld) Chain(SequenceGroup group, PrefixNode? last, int pages)
    {
        (MemoryUnits shared, MemoryUnits unheld) = (default, default);
        PrefixNode? node = last;
        for (int page = pages - 1; node is not null; page--, node = node.Parent)
        {
            for (int kind = 0; kind < _kinds; kind++)
            {
                if (node.Units[kind] < 0 || !pools![kind].Sees(page, pages * PageSize, group.Demand.Reach))
                    continue;
                shared[kind]++;
                if (pools[kind].References(node.Units[kind]) - _released.GetValueOrDefault((kind, node.Units[kind])) == 1)
                    unheld[kind]++;
            }
        }

        return (shared, unheld);
    }

    /// <summary>Cached units that nobody held are going to be held.</summary>
    public void Pin(in MemoryUnits units)
    {
        if (_countedCache)
            _available -= units;
        else
            _pinned += units;
    }

    /// <summary>All units of a request are going to be given back.</summary>
    public void Release(SequenceGroup group)
    {
        foreach (Sequence sequence in group.Active)
        {
            if (sequence.Memory is not { } memory)
                continue;
            for (int kind = 0; kind < _kinds; kind++)
            {
                LayerMemory store = memory.Stores[kind];
                for (int place = 0; place < store.Places; place++)
                {
                    if (store.UnitAt(place) is >= 0 and var unit)
                        Release(kind, unit);
                }
            }
        }
    }

    private void Release(int kind, int unit)
    {
        int released = _released[(kind, unit)] = _released.GetValueOrDefault((kind, unit)) + 1;
        int left = pools![kind].References(unit) - released;
        bool cached = cache?.Holds(kind, unit) ?? false;
        if (left == 0 && !cached)
            _available[kind]++;
        if (left == 1 && cached)
        {
            // Counted when the cache is: until then it is not free.
            if (_countedCache)
                _available[kind]++;
            else
                _pinned[kind]--;
        }
    }
}
