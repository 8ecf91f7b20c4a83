namespace Seriatim.Generation;

/// <summary>
/// The cached units of one kind of memory that nobody else holds, in the order in which they are to be given up: least recently
/// used first, and of a chain the end first, because what is behind a page is of no use without it.
/// </summary>
/// <remarks>
/// Only units without an idle one directly behind them are in the list, so the list is of ends of chains. When an end is given
/// up, the page before it has its place; when an end is taken again, the page before it was used just now. Every change costs the
/// same, however long chains are.
/// </remarks>
internal sealed class IdleUnits : IUnitKeeper
{
    private const int Unlisted = -1;

    private readonly MemoryPool _pool;
    private readonly int _kind;
    private readonly PrefixNode?[] _nodes;
    private readonly int[] _next; // the last entry is the head: it is before the oldest and after the newest
    private readonly int[] _previous;

    /// <summary>Becomes the keeper of a pool.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="kind">The number of its kind.</param>
    public IdleUnits(MemoryPool pool, int kind)
    {
        (_pool, _kind) = (pool, kind);
        _nodes = new PrefixNode?[pool.Units];
        (_next, _previous) = (new int[pool.Units + 1], new int[pool.Units + 1]);
        _next.AsSpan().Fill(Unlisted);
        (_next[Head], _previous[Head]) = (Head, Head);
        pool.SetKeeper(this);
    }

    /// <summary>How often a place in the list changed; for tests.</summary>
    public long Work { get; private set; }

    private int Head => _nodes.Length;

    /// <summary>The page whose unit is to be given up first; null: none can be.</summary>
    public PrefixNode? Oldest => _next[Head] is var unit && unit != Head ? _nodes[unit] : null;

    /// <summary>Keeps a unit that somebody holds for a page.</summary>
    public void Keep(PrefixNode node, int unit)
    {
        _pool.Keep(unit);
        (node.Units[_kind], _nodes[unit]) = (unit, node);
    }

    /// <summary>Gives the unit of a page up, if it has one.</summary>
    public void GiveUp(PrefixNode node)
    {
        int unit = node.Units[_kind];
        if (unit < 0)
            return;
        if (IsIdle(node))
            EndIdle(node, isUsed: false);
        (node.Units[_kind], _nodes[unit]) = (-1, null);
        _pool.GiveUp(unit);
    }

    /// <inheritdoc/>
    public void Left(int unit)
    {
        PrefixNode node = _nodes[unit]!;
        if (node.Parent is { } parent && parent.IdleBehind[_kind]++ == 0)
            Unlist(parent.Units[_kind]);
        if (node.IdleBehind[_kind] == 0)
            ListAfter(_previous[Head], unit);
    }

    /// <inheritdoc/>
    public void Taken(int unit) => EndIdle(_nodes[unit]!, isUsed: true);

    /// <summary>
    /// A unit is no longer idle: the one before it may now be an end, the newest if it was used just now, else the oldest.
    /// </summary>
    private void EndIdle(PrefixNode node, bool isUsed)
    {
        Unlist(node.Units[_kind]);
        if (node.Parent is { } parent && --parent.IdleBehind[_kind] == 0 && IsIdle(parent))
            ListAfter(isUsed ? _previous[Head] : Head, parent.Units[_kind]);
    }

    private bool IsIdle(PrefixNode node) => node.Units[_kind] is >= 0 and var unit && _pool.References(unit) == 1;

    private void ListAfter(int before, int unit)
    {
        Work++;
        int after = _next[before];
        (_next[before], _previous[unit], _next[unit], _previous[after]) = (unit, before, after, unit);
    }

    private void Unlist(int unit)
    {
        if (unit < 0 || _next[unit] == Unlisted)
            return;
        Work++;
        (int before, int after) = (_previous[unit], _next[unit]);
        (_next[before], _previous[after]) = (after, before);
        _next[unit] = Unlisted;
    }
}
