namespace Seriatim.Generation;

/// <summary>Looks at who holds which unit of memory; by the engine's thread, between two steps.</summary>
/// <param name="pools">The memory; null: the model remembers nothing.</param>
/// <param name="scheduler">Knows who runs.</param>
internal sealed class MemoryMapper(MemoryPools? pools, Scheduler scheduler)
{
    private const int MostCells = 640;
    private const string Letters = ".csx01234567";
    private const byte Unseen = 0, Cached = 1, Shared = 2, Other = 3, Own = 4;

    private byte[] _states = [];

    /// <summary>The maps of all kinds.</summary>
    /// <param name="gauges">Their numbers.</param>
    public IReadOnlyList<MemoryMap> Read(IReadOnlyList<MemoryGauge> gauges) =>
        [.. Enumerable.Range(0, pools?.Count ?? 0).Select(kind => Read(kind, gauges[kind]))];

    private MemoryMap Read(int kind, MemoryGauge gauge)
    {
        MemoryPool pool = pools![kind];
        int reached = pool.Reached;
        if (_states.Length < reached)
            _states = new byte[reached];
        Span<byte> states = _states.AsSpan(0, reached);
        states.Clear();
        foreach (SequenceGroup group in scheduler.Running)
            Mark(group, kind, states);
        for (int unit = 0; unit < reached; unit++)
        {
            if (states[unit] == Unseen && pool.References(unit) is > 0 and var references)
                states[unit] = references == 1 && pool.IsKept(unit) ? Cached : Other;
        }

        int perCell = Math.Max(1, (reached + MostCells - 1) / MostCells);
        string cells = string.Create((reached + perCell - 1) / perCell, _states, (text, all) =>
        {
            for (int cell = 0; cell < text.Length; cell++)
                text[cell] = Letters[Most(all.AsSpan(cell * perCell, Math.Min(perCell, reached - cell * perCell)))];
        });
        return new MemoryMap(gauge, reached, perCell, cells);
    }

    private static void Mark(SequenceGroup group, int kind, Span<byte> states)
    {
        byte own = (byte)(Own + group.Number % 8);
        foreach (Sequence sequence in group.Active)
        {
            if (sequence.Memory is not { } memory)
                continue;
            LayerMemory store = memory.Stores[kind];
            for (int place = 0; place < store.Places; place++)
            {
                if (store.UnitAt(place) is >= 0 and var unit)
                    states[unit] = states[unit] == Unseen ? own : Shared;
            }
        }
    }

    /// <summary>What most units are.</summary>
    private static int Most(ReadOnlySpan<byte> states)
    {
        if (states.Length == 1)
            return states[0];
        Span<int> counts = stackalloc int[Letters.Length];
        foreach (byte state in states)
            counts[state]++;
        int most = 0;
        for (int state = 1; state < counts.Length; state++)
        {
            if (counts[state] > counts[most])
                most = state;
        }

        return most;
    }
}
