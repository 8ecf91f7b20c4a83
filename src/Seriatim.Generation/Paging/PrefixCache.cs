using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// Full pages of positions by what they were computed from: a hash chain over the tokens of the pages, starting with a key: the
/// variant of the model (<see cref="IGenerationModel.MemoryVariant"/>), and what keeps tenants apart. A hit is compared token by
/// token, so a collision costs time and nothing else. The cache holds one reference to each unit of memory (a page, the state at
/// the page's end); units nobody else holds are given up when room is needed, least recently used first.
/// </summary>
/// <remarks>
/// A page counts as used whenever one behind it is, so the ends of chains are given up first. A sequence with a window holds
/// pages without those before them: when one of these is given up, the pages behind it could no longer be found, and go with it.
/// Where layers keep states, a chain can be gone on from where a page has one, and only there; of states
/// directly behind each other the last one is given up last, and a page that has lost its own stays as long as there is one
/// behind it. Nothing here walks over more than it was asked for: counting is done as references come and go, and every page
/// that is taken in or given up costs the same.
/// </remarks>
internal sealed class PrefixCache
{
    private readonly MemoryPools _pools;
    private readonly Dictionary<ulong, PrefixNode> _nodes = [];
    private readonly IdleUnits[] _idle;
    private readonly Stack<PrefixNode> _removed = [];
    private readonly int[] _units;
    private readonly bool _holdsPositions;
    private readonly bool _holdsPositionsAlone;
    private long _work;

    public PrefixCache(MemoryPools pools)
    {
        _pools = pools;
        _idle = new IdleUnits[pools.Count];
        for (int kind = 0; kind < pools.Count; kind++)
            _idle[kind] = new IdleUnits(pools[kind], kind);
        _units = new int[pools.Count];
        _holdsPositions = Enumerable.Range(0, pools.Count).Any(kind => pools[kind].HoldsPositions);
        _holdsPositionsAlone = Enumerable.Range(0, pools.Count).All(kind => pools[kind].HoldsPositions);
    }

    /// <summary>Pages of positions in the cache.</summary>
    public int Count { get; private set; }

    /// <summary>Pages looked at, and places changed, since the beginning; for tests.</summary>
    internal long Work => _work + _idle.Sum(idle => idle.Work);

    /// <summary>All of its pages; for tests, and for those who watch.</summary>
    internal IEnumerable<PrefixNode> Nodes
    {
        get
        {
            foreach (PrefixNode first in _nodes.Values)
            {
                for (PrefixNode? node = first; node is not null; node = node.Collision)
                    yield return node;
            }
        }
    }

    public bool Holds(int kind, int unit) => _pools[kind].IsKept(unit);

    /// <summary>Units that nobody else holds.</summary>
    public MemoryUnits Evictable()
    {
        MemoryUnits count = default;
        for (int kind = 0; kind < _pools.Count; kind++)
            count[kind] = _pools[kind].Idle;
        return count;
    }

    /// <summary>
    /// The longest chain of pages for the first tokens of a sequence that can be gone on from; nothing is changed.
    /// </summary>
    /// <param name="key">What pages it may share.</param>
    /// <param name="tokens">The sequence.</param>
    /// <param name="matched">Pages that agree. At least one token stays to be computed.</param>
    public PrefixNode? Match(PrefixKey key, ReadOnlySpan<int> tokens, out int matched)
    {
        matched = 0;
        PrefixNode? whole = null;
        PrefixNode? node = null;
        int size = _pools.PageSize;
        for (int page = 0; (page + 1) * size < tokens.Length
            && Find(node, key, tokens.Slice(page * size, size)) is { } next; page++)
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
    /// <param name="key">Who may share them.</param>
    /// <param name="length">Positions that are written for good.</param>
    public void Publish(Sequence sequence, PrefixKey key, int length)
    {
        SequenceMemory memory = sequence.Memory!;
        PrefixPosition position = sequence.Prefix;
        if (position.Node is { IsRemoved: true })
        {
            // Behind pages that are gone none of their own kind can stand; states know all of the past, so the way there can be
            // laid again.
            position = sequence.Prefix = _holdsPositions ? position with { Ended = true } : default;
        }

        int full = Math.Min(length / _pools.PageSize, _holdsPositions ? int.MaxValue : BlocksKept(memory));
        if (position.Ended || position.Pages >= full)
            return;

        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(sequence.Tokens);
        while (!position.Ended && position.Pages < full)
            position = Take(position, memory, key, tokens.Slice(position.Pages * _pools.PageSize, _pools.PageSize));
        sequence.Prefix = position;
    }

    /// <summary>Gives units up until so many of each kind are free.</summary>
    public void EnsureFree(in MemoryUnits units)
    {
        for (int kind = 0; kind < _idle.Length; kind++)
        {
            while (_pools[kind].Free < units[kind] && _idle[kind].Oldest is { } node)
                GiveUp(node, kind);
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

    /// <summary>
    /// The hash of each full page of a sequence with all before it: the same in every process, so that one can tell where else
    /// there are pages for a sequence. At least one token is behind the last page, as in <see cref="Match"/>.
    /// </summary>
    public static List<ulong> HashesOf(PrefixKey key, ReadOnlySpan<int> tokens, int pageSize)
    {
        var hashes = new List<ulong>();
        ulong hash = RootOf(key);
        for (int page = 0; (page + 1) * pageSize < tokens.Length; page++)
        {
            hash = HashOf(hash, tokens.Slice(page * pageSize, pageSize));
            hashes.Add(hash);
        }

        return hashes;
    }

    /// <summary>
    /// The upper halves of the hashes of pages that can be gone on from, in order, for those who route requests.
    /// </summary>
    /// <param name="most">Most of them.</param>
    public uint[] Summary(int most)
    {
        uint[] pages = new uint[Math.Min(most, Count)];
        int count = 0;
        foreach (PrefixNode first in _nodes.Values)
        {
            for (PrefixNode? node = first; node is not null && count < pages.Length; node = node.Collision)
            {
                if (node.IsWhole)
                    pages[count++] = (uint)(node.Hash >> 32);
            }
        }

        Array.Resize(ref pages, count);
        Array.Sort(pages);
        return pages;
    }

    private static ulong RootOf(PrefixKey key) => Mix(0x9E3779B97F4A7C15 ^ key.StableHash());

    private static ulong HashOf(PrefixNode? parent, PrefixKey key, ReadOnlySpan<int> tokens) =>
        HashOf(parent?.Hash ?? RootOf(key), tokens);

    private static ulong HashOf(ulong hash, ReadOnlySpan<int> tokens)
    {
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

    /// <summary>
    /// Pages up to the last one of which something is kept: with states alone not every page has
    /// any, and those between are the way there.
    /// </summary>
    private static int BlocksKept(SequenceMemory memory)
    {
        int most = 0;
        foreach (LayerMemory store in memory.Stores)
            most = Math.Max(most, store.BlocksKept(memory.Length));
        return most;
    }

    /// <summary>One more page of a sequence: the cache's own, or a new one.</summary>
    private PrefixPosition Take(PrefixPosition position, SequenceMemory memory, PrefixKey key, ReadOnlySpan<int> content)
    {
        PrefixNode? node = Find(position.Node, key, content);
        for (int kind = 0; kind < _units.Length; kind++)
        {
            int unit = _units[kind] = memory.Stores[kind].UnitOfBlock(position.Pages, memory.Length);
            if (!_pools[kind].HoldsPositions)
                continue;

            // Where states are kept beside pages, somebody else's page is no end: its state may be gone, and ours fits it.
            if (unit < 0 || (_holdsPositionsAlone && node is not null && node.Units[kind] != unit))
                return position with { Ended = true };
        }

        node ??= Add(position.Node, key, content);
        for (int kind = 0; kind < _units.Length; kind++)
        {
            // Whoever comes by with a state gives it: all that were computed of the same tokens have the same bits.
            if (node.Units[kind] < 0 && _units[kind] >= 0)
                _idle[kind].Keep(node, _units[kind]);
        }

        return new PrefixPosition(node, position.Pages + 1, false);
    }

    private PrefixNode? Find(PrefixNode? parent, PrefixKey key, ReadOnlySpan<int> tokens)
    {
        _work++;
        PrefixNode? node = _nodes.GetValueOrDefault(HashOf(parent, key, tokens));
        while (node is not null && !(node.Parent == parent && node.Key == key && tokens.SequenceEqual(node.Tokens)))
            node = node.Collision;
        return node;
    }

    private PrefixNode Add(PrefixNode? parent, PrefixKey key, ReadOnlySpan<int> tokens)
    {
        ulong hash = HashOf(parent, key, tokens);
        int[] none = new int[_pools.Count];
        none.AsSpan().Fill(-1);
        var node = new PrefixNode(parent, key, tokens.ToArray(), none, hash) { Collision = _nodes.GetValueOrDefault(hash) };
        _nodes[hash] = node;
        node.Link();
        Count++;
        return node;
    }

    /// <summary>Gives a unit up; and the page, if it is of no use without it.</summary>
    private void GiveUp(PrefixNode node, int kind)
    {
        _work++;
        _idle[kind].GiveUp(node);
        if (_pools[kind].HoldsPositions)
        {
            Remove(node);
            return;
        }

        // Pages that hold nothing are the way to those behind them, and without any of no use.
        for (PrefixNode? empty = node; empty is { FirstBehind: null, IsEmpty: true }; empty = empty.Parent)
        {
            _work++;
            Forget(empty);
        }
    }

    /// <summary>Removes a page and all that could be found behind it: each page goes once, as it came once.</summary>
    private void Remove(PrefixNode first)
    {
        _removed.Push(first);
        while (_removed.TryPop(out PrefixNode? node))
        {
            _work++;
            for (PrefixNode? behind = node.FirstBehind; behind is not null; behind = behind.NextBeside)
                _removed.Push(behind);
            for (int kind = 0; kind < _idle.Length; kind++)
                _idle[kind].GiveUp(node);
            Forget(node);
        }
    }

    private void Forget(PrefixNode node)
    {
        node.Unlink();
        Count--;
        PrefixNode first = _nodes[node.Hash];
        if (first != node)
        {
            while (first.Collision != node)
                first = first.Collision!;
            first.Collision = node.Collision;
        }
        else if (node.Collision is { } next)
        {
            _nodes[node.Hash] = next;
        }
        else
        {
            _nodes.Remove(node.Hash);
        }
    }
}
