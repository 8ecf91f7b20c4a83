namespace Seriatim.Generation;

/// <summary>
/// The cached units of one kind of memory that nobody else holds, in the order in which they are to be given up: least recently
/// used first. Of a chain of pages the end goes first, because what is behind a page is of no use without it. Of a chain of
/// states the end goes last, because it alone holds all of the past: the next turn of a conversation goes on from there.
/// </summary>
/// <remarks>
/// Only units without an idle one directly behind them are in the list of ends. When an end is given up, the unit before it has
/// its place; when an end is taken again, the unit before it was used just now. Other pages are in no list; other states are in
/// a second one, which is emptied before the first. Every change costs the same, however long chains are.
/// </remarks>
internal sealed class IdleUnits : IUnitKeeper
{
    private const int Unlisted = -1;

    private readonly MemoryPool _pool;
    private readonly int _kind;
    private readonly PrefixNode?[] _nodes;
    private readonly int[] _next; // the last entries are the heads of the lists: before the oldest and after the newest
    private readonly int[] _previous;

    /// <summary>Becomes the keeper of a pool.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="kind">The number of its kind.</param>
    public IdleUnits(MemoryPool pool, int kind)
    {
        (_pool, _kind) = (pool, kind);
        _nodes = new PrefixNode?[pool.Units];
        (_next, _previous) = (new int[pool.Units + 2], new int[pool.Units + 2]);
        _next.AsSpan().Fill(Unlisted);
        (_next[Ends], _previous[Ends]) = (Ends, Ends);
        (_next[Passed], _previous[Passed]) = (Passed, Passed);
        pool.SetKeeper(this);
    }

    /// <summary>How often a place in the list changed; for tests.</summary>
    public long Work { get; private set; }

    /// <summary>The page whose unit is to be given up first; null: none can be.</summary>
    public PrefixNode? Oldest => _next[Passed] != Passed ? _nodes[_next[Passed]]
        : _next[Ends] != Ends ? _nodes[_next[Ends]] : null;

    /// <summary>Head of the list of units without an idle one directly behind them.</summary>
    private int Ends => _nodes.Length;

    /// <summary>Head of the list of states with an idle one directly behind them.</summary>
    private int Passed => _nodes.Length + 1;

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
        if (node.Parent is { } parent && parent.IdleBehind[_kind]++ == 0 && IsIdle(parent))
            ListAsPassed(parent.Units[_kind]);
        if (node.IdleBehind[_kind] == 0)
            ListAfter(_previous[Ends], unit);
        else
            ListAsPassed(unit);
    }

    /// <inheritdoc/>
    public void Taken(int unit) => EndIdle(_nodes[unit]!, isUsed: true);

    /// <summary>
    /// A unit is no longer idle: the one before it may now be an end, the newest if it was used just now, else the oldest.
    /// </summary>
    private void EndIdle(PrefixNode node, bool isUsed)
    {
        Unlist(node.Units[_kind]);
        if (node.Parent is not { } parent || --parent.IdleBehind[_kind] > 0 || !IsIdle(parent))
            return;
        Unlist(parent.Units[_kind]);
        ListAfter(isUsed ? _previous[Ends] : Ends, parent.Units[_kind]);
    }

    /// <summary>A unit with an idle one behind it: a page waits until that one has gone, a state goes before it.</summary>
    private void ListAsPassed(int unit)
    {
        Unlist(unit);
        if (!_pool.HoldsPositions)
            ListAfter(_previous[Passed], unit);
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
