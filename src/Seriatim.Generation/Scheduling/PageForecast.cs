namespace Seriatim.Generation;

/// <summary>How many pages a step may still use, while it is being planned: nothing is taken yet.</summary>
internal sealed class PageForecast(PagePool? pool, PagePool? crossPool, PrefixCache? cache)
{
    private readonly Dictionary<int, int> _released = [];
    private int _available;
    private int _crossAvailable;
    private bool _countedCache;
    private int _pinned;

    public void Reset()
    {
        _released.Clear();
        _available = pool?.Free ?? 0;
        _crossAvailable = crossPool?.Free ?? 0;
        (_countedCache, _pinned) = (false, 0);
    }

    /// <summary>Pages for more rows of a sequence: new ones, and a copy of a shared one.</summary>
    public int Need(Sequence sequence, int rows)
    {
        if (pool is null || rows == 0)
            return 0;
        int length = sequence.Length;
        int need = pool.PagesFor(length + rows) - pool.PagesFor(length);
        if (length % pool.PageSize != 0 && pool.References(new PageId(sequence.Memory!.Pages[length / pool.PageSize])) > 1)
            need++;
        return need;
    }

    public int PageSize => pool?.PageSize ?? 0;

    public int PagesFor(int positions) => pool?.PagesFor(positions) ?? 0;

    /// <summary>Pages that a prompt under way is going to need beyond those it holds.</summary>
    public int Missing(SequenceGroup group, Sequence sequence)
    {
        if (pool is null)
            return 0;
        int left = pool.PagesFor(sequence.Tokens.Count) - pool.PagesFor(sequence.Length);
        return (int)Math.Min(left, group.Pages.Most(sequence.Tokens.Count));
    }

    public bool CanTake(int pages)
    {
        if (pages > _available && !_countedCache)
        {
            _countedCache = true;
            _available += (cache?.Evictable() ?? 0) - _pinned;
        }

        return pages <= _available;
    }

    public bool TryTake(int pages)
    {
        if (pages != 0 && !CanTake(pages))
            return false;
        _available -= pages;
        return true;
    }

    public void Give(int pages) => _available += pages;

    /// <summary>What a request would take of a chain of the prefix cache.</summary>
    /// <returns>
    /// Pages of the chain that are in its sight, and those of them that nobody holds, or will after the preemptions of this plan.
    /// </returns>
    public (int Shared, int Unheld) Chain(SequenceGroup group, PrefixNode? last, int pages)
    {
        (int shared, int unheld) = (0, 0);
        PrefixNode? node = last;
        for (int page = pages - 1; node is not null; page--, node = node.Parent)
        {
            if (!group.Pages.Sees(page, pages * PageSize))
                continue;
            shared++;
            if (pool!.References(node.Page) - _released.GetValueOrDefault(node.Page.Index) == 1)
                unheld++;
        }

        return (shared, unheld);
    }

    /// <summary>Cached pages that nobody held are going to be held.</summary>
    public void Pin(int pages)
    {
        if (_countedCache)
            _available -= pages;
        else
            _pinned += pages;
    }

    public bool TryTakeCross(int positions)
    {
        int pages = crossPool?.PagesFor(positions) ?? 0;
        if (pages > _crossAvailable)
            return false;
        _crossAvailable -= pages;
        return true;
    }

    public void GiveCross(int positions) => _crossAvailable += crossPool?.PagesFor(positions) ?? 0;

    /// <summary>All pages of a request are going to be given back.</summary>
    public void Release(SequenceGroup group)
    {
        foreach (Sequence sequence in group.Active)
        {
            if (sequence.Memory is not { } memory)
                continue;
            for (int i = 0; i < memory.Pages.Count; i++)
            {
                if (memory.Pages[i] >= 0)
                    ReleasePage(memory.Pages[i]);
            }
        }

        if (group.Active.Any(s => s.Cross is { Length: > 0 }))
            GiveCross(group.EncoderInput.Length);
    }

    private void ReleasePage(int page)
    {
        int released = _released[page] = _released.GetValueOrDefault(page) + 1;
        int left = pool!.References(new PageId(page)) - released;
        bool cached = cache?.Holds(page) ?? false;
        if (left == 0 && !cached)
            _available++;
        if (left == 1 && cached)
        {
            // Counted when the cache is: until then it is not free.
            if (_countedCache)
                _available++;
            else
                _pinned--;
        }
    }
}
