namespace Seriatim.Generation;

/// <summary>
/// Full pages of keys and values by what they were computed from: a hash chain over the tokens of the pages, starting with the
/// variant of the model (<see cref="IGenerationModel.MemoryVariant"/>). A hit is compared token by token, so a collision costs
/// time and nothing else. The cache holds one reference to each page; pages nobody else holds are given up when room is needed,
/// least recently used first.
/// </summary>
/// <remarks>
/// Using a page marks those before it as used later, so the ends of chains are given up first. A sequence with a window holds pages
/// without those before them: when one of these is given up, the pages behind it can no longer be found, nobody adds to them, and they
/// go the same way in their turn.
/// </remarks>
internal sealed class PrefixCache(PagePool pool)
{
    private readonly Dictionary<ulong, PrefixNode> _nodes = [];
    private readonly LinkedList<PrefixNode> _byUse = [];
    private readonly bool[] _cached = new bool[pool.Pages];

    /// <summary>Pages in the cache.</summary>
    public int Count => _byUse.Count;

    public bool Holds(int page) => _cached[page];

    /// <summary>Pages that nobody else holds.</summary>
    public int Evictable()
    {
        int count = 0;
        foreach (PrefixNode node in _byUse)
        {
            if (pool.References(node.Page) == 1)
                count++;
        }

        return count;
    }

    /// <summary>The longest chain of pages for the first tokens of a sequence; nothing is changed.</summary>
    /// <param name="variant">Variant of the model.</param>
    /// <param name="tokens">The sequence.</param>
    /// <param name="matched">Pages that agree. At least one token stays to be computed.</param>
    public PrefixNode? Match(SequenceTerms variant, ReadOnlySpan<int> tokens, out int matched)
    {
        matched = 0;
        PrefixNode? node = null;
        int size = pool.PageSize;
        while ((matched + 1) * size < tokens.Length && Find(node, variant, tokens.Slice(matched * size, size)) is { } next)
        {
            node = next;
            matched++;
        }

        return node;
    }

    /// <summary>A memory that begins with the pages of a chain.</summary>
    public PagedMemory Share(PrefixNode last, int pages, SequenceTerms? terms = null, AttentionWindow? reach = null)
    {
        Touch(last);
        var ids = new PageId[pages];
        PrefixNode? node = last;
        for (int i = pages - 1; i >= 0; i--, node = node.Parent)
            ids[i] = node!.Page;
        return PagedMemory.Share(pool, ids, terms, reach);
    }

    /// <summary>Takes pages of a sequence in that have become full.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="variant">Its variant.</param>
    /// <param name="length">Positions that are written for good.</param>
    public void Publish(Sequence sequence, SequenceTerms variant, int length)
    {
        PrefixPosition position = sequence.Prefix;
        int size = pool.PageSize;
        int full = length / size;
        if (position.Ended || position.Pages >= full)
            return;
        if (!IsReachable(position.Node))
        {
            sequence.Prefix = position with { Ended = true };
            return;
        }

        ReadOnlySpan<int> tokens = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(sequence.Tokens);
        while (position.Pages < full)
        {
            ReadOnlySpan<int> content = tokens.Slice(position.Pages * size, size);
            var page = new PageId(sequence.Memory!.Pages[position.Pages]);
            PrefixNode? node = Find(position.Node, variant, content);
            if (page.Index < 0 || (node is not null && node.Page != page))
            {
                position = position with { Ended = true };
                break;
            }

            node ??= Add(position.Node, variant, content, page);
            position = new PrefixPosition(node, position.Pages + 1, false);
        }

        if (position.Node is { } last)
            Touch(last);
        sequence.Prefix = position;
    }

    /// <summary>Gives pages up until so many are free.</summary>
    public void EnsureFree(int pages)
    {
        LinkedListNode<PrefixNode>? place = _byUse.First;
        while (pool.Free < pages && place is not null)
        {
            PrefixNode node = place.Value;
            place = place.Next;
            if (pool.References(node.Page) == 1)
                Remove(node);
        }
    }

    /// <summary>Gives up all pages that nobody else holds.</summary>
    public void Clear() => EnsureFree(pool.Pages);

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

    private PrefixNode Add(PrefixNode? parent, SequenceTerms variant, ReadOnlySpan<int> tokens, PageId page)
    {
        ulong hash = HashOf(parent, variant, tokens);
        var node = new PrefixNode(parent, variant, tokens.ToArray(), page, hash) { Collision = _nodes.GetValueOrDefault(hash) };
        _nodes[hash] = node;
        node.Place = _byUse.AddLast(node);
        pool.Retain(page);
        _cached[page.Index] = true;
        return node;
    }

    private void Touch(PrefixNode last)
    {
        for (PrefixNode? node = last; node is not null; node = node.Parent)
        {
            _byUse.Remove(node.Place!);
            _byUse.AddLast(node.Place!);
        }
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

        _cached[node.Page.Index] = false;
        pool.Release(node.Page);
    }
}
