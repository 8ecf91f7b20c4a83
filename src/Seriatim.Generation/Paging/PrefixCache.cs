namespace Seriatim.Generation;

/// <summary>
/// Full pages of positions by what they were computed from: a hash chain over the tokens of the pages, starting with the
/// variant of the model (<see cref="IGenerationModel.MemoryVariant"/>). A hit is compared token by token, so a collision costs
/// time and nothing else. The cache holds one reference to each unit of memory (a page, the state at the page's end); units
/// nobody else holds are given up when room is needed, least recently used first.
/// </summary>
/// <remarks>
/// Using a page marks those before it as used later, so the ends of chains are given up first. A sequence with a window
/// holds pages without those before them: when one of these is given up, the pages behind it can no longer be found,
/// nobody adds to them, and they go the same way in their turn. Where layers keep states, a chain can be gone on from
/// where its last page has one, and only there.
/// </remarks>
internal sealed class PrefixCache
{
    private readonly MemoryPools _pools;
    private readonly Dictionary<ulong, PrefixNode> _nodes = [];
    private readonly LinkedList<PrefixNode> _byUse = [];
    private readonly bool[][] _cached;
    private readonly int[] _units;

    public PrefixCache(MemoryPools pools)
    {
        _pools = pools;
        _cached = new bool[pools.Count][];
        for (int kind = 0; kind < pools.Count; kind++)
            _cached[kind] = new bool[pools[kind].Units];
        _units = new int[pools.Count];
    }

    /// <summary>Pages of positions in the cache.</summary>
    public int Count => _byUse.Count;

    public bool Holds(int kind, int unit) => _cached[kind][unit];

    /// <summary>Units that nobody else holds.</summary>
    public MemoryUnits Evictable()
    {
        MemoryUnits count = default;
        foreach (PrefixNode node in _byUse)
        {
            for (int kind = 0; kind < _pools.Count; kind++)
            {
                if (IsHeldHereAlone(node, kind))
                    count[kind]++;
            }
        }

        return count;
    }

    /// <summary>
    /// The longest chain of pages for the first tokens of a sequence that can be gone on from; nothing is changed.
    /// </summary>
    /// <param name="variant">Variant of the model.</param>
    /// <param name="tokens">The sequence.</param>
    /// <param name="matched">Pages that agree. At least one token stays to be computed.</param>
    public PrefixNode? Match(SequenceTerms variant, ReadOnlySpan<int> tokens, out int matched)
    {
        matched = 0;
        PrefixNode? whole = null;
        PrefixNode? node = null;
        int size = _pools.PageSize;
        for (int page = 0; (page + 1) * size < tokens.Length
            && Find(node, variant, tokens.Slice(page * size, size)) is { } next; page++)
        {
            node = next;
            if (node.IsWhole)
                (whole, matched) = (node, page + 1);
        }

        return whole;
    }

    /// <summary>A memory that begins with the pages of a chain.</summary>
    public SequenceMemory Share(PrefixNode last, int pages, SequenceTerms? terms = null, AttentionWindow? reach = null)
    {
        Touch(last);
        int[][] blocks = new int[_pools.Count][];
        for (int kind = 0; kind < blocks.Length; kind++)
        {
            blocks[kind] = new int[pages];
            PrefixNode? node = last;
            for (int i = pages - 1; i >= 0; i--, node = node.Parent)
                blocks[kind][i] = node!.Units[kind];
        }

        return _pools.Share(blocks, terms, reach);
    }

    /// <summary>Takes pages of a sequence in that have become full.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="variant">Its variant.</param>
    /// <param name="length">Positions that are written for good.</param>
    public void Publish(Sequence sequence, SequenceTerms variant, int length)
    {
        SequenceMemory memory = sequence.Memory!;
        PrefixPosition position = sequence.Prefix;
        int full = length / _pools.PageSize;
        if (position.Ended || position.Pages >= full)
            return;
        if (!IsReachable(position.Node))
        {
            sequence.Prefix = position with { Ended = true };
            return;
        }

        ReadOnlySpan<int> tokens = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(sequence.Tokens);
        while (!position.Ended && position.Pages < full)
            position = Take(position, memory, variant, tokens.Slice(position.Pages * _pools.PageSize, _pools.PageSize));
        if (position.Node is { } last)
            Touch(last);
        sequence.Prefix = position;
    }

    /// <summary>Gives units up until so many of each kind are free.</summary>
    public void EnsureFree(in MemoryUnits units)
    {
        LinkedListNode<PrefixNode>? place = _byUse.First;
        while (place is not null && IsShort(units))
        {
            PrefixNode node = place.Value;
            place = place.Next;
            for (int kind = 0; kind < _pools.Count && !node.IsRemoved; kind++)
            {
                if (_pools[kind].Free < units[kind] && IsHeldHereAlone(node, kind))
                    GiveUp(node, kind);
            }
        }
    }

    /// <summary>Gives up all that nobody else holds.</summary>
    public void Clear()
    {
        MemoryUnits all = default;
        for (int kind = 0; kind < _pools.Count; kind++)
            all[kind] = _pools[kind].Units;
        EnsureFree(all);
    }

    private static ulong HashOf(PrefixNode? parent, SequenceTerms variant, ReadOnlySpan<int> tokens)
    {
        ulong hash = Mix((parent?.Hash ?? 0x9E3779B97F4A7C15) ^ (ulong)variant.GetHashCode());
        foreach (int token in tokens)
            hash = Mix(hash ^ (uint)token);
        return hash;
    }

    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>One more page of a sequence: the cache's own, or a new one.</summary>
    private PrefixPosition Take(PrefixPosition position, SequenceMemory memory, SequenceTerms variant, ReadOnlySpan<int> content)
    {
        PrefixNode? node = Find(position.Node, variant, content);
        bool isKept = false;
        for (int kind = 0; kind < _units.Length; kind++)
        {
            int unit = _units[kind] = memory.Stores[kind].UnitOfBlock(position.Pages, memory.Length);
            isKept |= unit >= 0;
            if (_pools[kind].HoldsPositions && (unit < 0 || (node is not null && node.Units[kind] != unit)))
                return position with { Ended = true };
        }

        if (node is null && !isKept)
            return position with { Ended = true };
        node ??= Add(position.Node, variant, content);
        for (int kind = 0; kind < _units.Length; kind++)
        {
            // Whoever comes by with a state gives it: all that were computed of the same tokens have the same bits.
            if (node.Units[kind] < 0 && _units[kind] >= 0)
                Keep(node, kind, _units[kind]);
        }

        return new PrefixPosition(node, position.Pages + 1, false);
    }

    private PrefixNode? Find(PrefixNode? parent, SequenceTerms variant, ReadOnlySpan<int> tokens)
    {
        PrefixNode? node = _nodes.GetValueOrDefault(HashOf(parent, variant, tokens));
        while (node is not null && !(node.Parent == parent && node.Variant == variant && tokens.SequenceEqual(node.Tokens)))
            node = node.Collision;
        return node;
    }

    /// <summary>Whether a chain is whole, so that it can be found.</summary>
    private static bool IsReachable(PrefixNode? node)
    {
        while (node is { IsRemoved: false })
            node = node.Parent;
        return node is null;
    }

    private bool IsHeldHereAlone(PrefixNode node, int kind) =>
        node.Units[kind] is >= 0 and var unit && _pools[kind].References(unit) == 1;

    private bool IsShort(in MemoryUnits units)
    {
        for (int kind = 0; kind < _pools.Count; kind++)
        {
            if (_pools[kind].Free < units[kind])
                return true;
        }

        return false;
    }

    private PrefixNode Add(PrefixNode? parent, SequenceTerms variant, ReadOnlySpan<int> tokens)
    {
        ulong hash = HashOf(parent, variant, tokens);
        int[] none = new int[_pools.Count];
        none.AsSpan().Fill(-1);
        var node = new PrefixNode(parent, variant, tokens.ToArray(), none, hash) { Collision = _nodes.GetValueOrDefault(hash) };
        _nodes[hash] = node;
        node.Place = _byUse.AddLast(node);
        return node;
    }

    private void Keep(PrefixNode node, int kind, int unit)
    {
        node.Units[kind] = unit;
        _pools[kind].Retain(unit);
        _cached[kind][unit] = true;
    }

    private void Touch(PrefixNode last)
    {
        for (PrefixNode? node = last; node is not null; node = node.Parent)
        {
            _byUse.Remove(node.Place!);
            _byUse.AddLast(node.Place!);
        }
    }

    /// <summary>Gives a unit up; and the page, if it is of no use without it.</summary>
    private void GiveUp(PrefixNode node, int kind)
    {
        bool isNeeded = _pools[kind].HoldsPositions;
        Release(node, kind);
        if (isNeeded || Array.TrueForAll(node.Units, unit => unit < 0))
            Remove(node);
    }

    private void Release(PrefixNode node, int kind)
    {
        int unit = node.Units[kind];
        if (unit < 0)
            return;
        node.Units[kind] = -1;
        _cached[kind][unit] = false;
        _pools[kind].Release(unit);
    }

    private void Remove(PrefixNode node)
    {
        _byUse.Remove(node.Place!);
        node.IsRemoved = true;
        PrefixNode first = _nodes[node.Hash];
        if (first == node)
        {
            if (node.Collision is { } next)
                _nodes[node.Hash] = next;
            else
                _nodes.Remove(node.Hash);
        }
        else
        {
            while (first.Collision != node)
                first = first.Collision!;
            first.Collision = node.Collision;
        }

        for (int kind = 0; kind < _pools.Count; kind++)
            Release(node, kind);
    }
}
