namespace Seriatim.Models;

/// <summary>
/// Where all that sequences of one model remember comes from: a pool for each kind of its layers
/// (<see cref="Model.NewMemoryPools"/>). Disposing it disposes the pools.
/// </summary>
public sealed class MemoryPools : IDisposable
{
    private readonly MemoryPool[] _pools;

    /// <summary>Takes pools over.</summary>
    /// <param name="pageSize">Positions in a page, P: after so many the past can be shared.</param>
    /// <param name="pools">One for each kind of layer, in the order in which the model knows them.</param>
    public MemoryPools(int pageSize, params IReadOnlyList<MemoryPool> pools)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        (PageSize, _pools) = (pageSize, [.. pools]);
    }

    /// <summary>Positions in a page, P.</summary>
    public int PageSize { get; }

    /// <summary>Number of kinds.</summary>
    public int Count => _pools.Length;

    /// <summary>Bytes of all units.</summary>
    public long Bytes => _pools.Sum(pool => pool.UnitBytes * pool.Units);

    /// <summary>The pool of a kind.</summary>
    public MemoryPool this[int kind] => _pools[kind];

    /// <summary>An empty memory for a sequence.</summary>
    /// <param name="terms">What holds for the sequence; null: nothing in particular.</param>
    /// <param name="reach">What the layers see at most (<see cref="SequenceLimits.Reach"/>); null: no page is given back.</param>
    public SequenceMemory NewMemory(SequenceTerms? terms = null, AttentionWindow? reach = null)
    {
        var stores = new LayerMemory[_pools.Length];
        for (int kind = 0; kind < stores.Length; kind++)
            stores[kind] = _pools[kind].NewMemory(reach);
        return new SequenceMemory(this, stores, 0, terms ?? SequenceTerms.None);
    }

    /// <summary>
    /// A memory whose past is in units that somebody else holds, e.g. a prefix cache; it takes a reference to each it needs.
    /// </summary>
    /// <param name="blocks">For each kind the unit of each full page of positions, in order; -1 where there is none.</param>
    /// <param name="terms">What holds for the sequence, and held for those who wrote the units.</param>
    /// <param name="reach">What the layers see at most.</param>
    public SequenceMemory Share(IReadOnlyList<int[]> blocks, SequenceTerms? terms = null, AttentionWindow? reach = null)
    {
        var stores = new LayerMemory[_pools.Length];
        for (int kind = 0; kind < stores.Length; kind++)
            stores[kind] = _pools[kind].Share(blocks[kind], reach);
        return new SequenceMemory(this, stores, checked(blocks[0].Length * PageSize), terms ?? SequenceTerms.None);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MemoryPool pool in _pools)
            pool.Dispose();
    }
}
